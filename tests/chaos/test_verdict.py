"""The judge says no where something is wrong: otherwise nothing here means anything."""

import sqlite3
from pathlib import Path

import pytest

from tests.chaos.verdict import Entry, Rows, Verdict, judge

TABLES = """
CREATE TABLE flow_run (id TEXT, state_type TEXT);
CREATE TABLE flow_run_state (id TEXT, flow_run_id TEXT, execution_id TEXT, type TEXT);
CREATE TABLE event (id TEXT, event TEXT);
CREATE TABLE execution (flow_run_id TEXT, ended_at TEXT);
INSERT INTO flow_run VALUES ('run', 'COMPLETED');
INSERT INTO flow_run_state VALUES ('state', 'run', 'run.1', 'COMPLETED');
INSERT INTO event VALUES ('state', 'prefect.flow-run.Completed');
INSERT INTO execution VALUES ('run', 'then');
"""
ONCE = Entry("run", "run.1", 1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """One run that completed as it has to."""
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
    connection.close()
    return path


def verdict(database: Path, *ledger: Entry, but: str = "SELECT 1", occupied: int = 0) -> Verdict:
    """The verdict on the run after this change to what is stored."""
    with sqlite3.connect(database) as connection:
        connection.execute(but)
    connection.close()
    return judge(Rows(str(database)), ledger, ["run"], occupied)


def test_nothing_is_wrong_with_a_run_that_completed_once(database: Path) -> None:
    assert verdict(database, ONCE).complain() == []


def test_a_run_that_is_not_there_is_lost(database: Path) -> None:
    found = verdict(database, ONCE, but="DELETE FROM flow_run")
    assert (found.lost, found.stuck) == (1, 1)


def test_a_run_that_completed_without_its_code_is_lost(database: Path) -> None:
    assert verdict(database).lost == 1


def test_code_that_was_entered_twice_in_an_attempt_is_doubled(database: Path) -> None:
    assert verdict(database, ONCE, Entry("run", "run.2", 1)).doubled == 1
    assert verdict(database, ONCE, Entry("run", "run.2", 2)).doubled == 0


def test_a_run_that_is_not_over_is_stuck(database: Path) -> None:
    found = verdict(database, ONCE, but="UPDATE flow_run SET state_type = 'PENDING'")
    assert found.stuck == 1


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM event",
        "INSERT INTO event VALUES ('state', 'prefect.flow-run.Completed')",
    ],
)
def test_a_final_state_has_one_event(database: Path, change: str) -> None:
    assert verdict(database, ONCE, but=change).terminal_events != 1


def test_an_execution_has_one_final_state(database: Path) -> None:
    second = "INSERT INTO flow_run_state VALUES ('other', 'run', 'run.1', 'CRASHED')"
    assert verdict(database, ONCE, but=second).terminal_states == 2


def test_a_live_execution_and_an_occupied_slot_are_left_over(database: Path) -> None:
    assert verdict(database, ONCE, but="UPDATE execution SET ended_at = NULL").slots == 1
    assert verdict(database, ONCE, occupied=1).slots == 1


def test_a_run_that_ended_otherwise_is_complained_of(database: Path) -> None:
    found = verdict(database, ONCE, but="UPDATE flow_run SET state_type = 'CRASHED'")
    assert found.complain()
    assert not found.complain(crashed=1)
