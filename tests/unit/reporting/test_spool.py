"""The spool of a process: its own while it lives, and anybody's afterwards, but only one's."""

import stat
from pathlib import Path

import pytest

from tests.unit.reporting.conftest import API_URL, killed, new_spool
from windlass.reporting.routes import EVENTS_ROUTE, LOGS_ROUTE, REPORTS_ROUTE
from windlass.reporting.spool import Spool, left_behind

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path

import pytest
from windlass.reporting.routes import LOGS_ROUTE
from windlass.reporting.spool import Spool

spool = Spool(Path(sys.argv[1]), {"api_url": sys.argv[2], "execution_id": sys.argv[3]})
spool.keep(LOGS_ROUTE, [b'{"message":"a"}', b'{"message":"b"}'])
with open(spool.folder / "logs.jsonl", "ab") as file:
    file.write(b'{"message":"to')
os.kill(os.getpid(), signal.SIGKILL)
"""


def found(folder: Path, api_url: str = API_URL, execution_id: str | None = None) -> list[Spool]:
    def is_wanted(id: str | None) -> bool:
        return execution_id in (None, id)

    return list(left_behind(folder, api_url, is_wanted))


def test_there_is_nothing_on_disk_until_there_is_something_to_keep(folder: Path) -> None:
    spool = new_spool(folder)
    assert not folder.exists()
    assert not spool.close()


def test_nobody_else_may_look_into_it(folder: Path, spool: Spool) -> None:
    spool.keep(LOGS_ROUTE, [b"{}"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in spool.folder.iterdir()} == {0o600}


def test_it_is_gone_when_everything_in_it_is_settled(folder: Path, spool: Spool) -> None:
    spool.keep(LOGS_ROUTE, [b"{}"])
    assert spool.holds(LOGS_ROUTE)
    file = spool.file(LOGS_ROUTE)
    assert file is not None
    file.settle(file.head(1).ends[-1])
    assert not spool.close()
    assert list(folder.iterdir()) == []


def test_the_spool_of_a_living_process_is_not_to_be_had(folder: Path, spool: Spool) -> None:
    spool.keep(LOGS_ROUTE, [b"{}"])
    assert found(folder) == []


def test_what_a_killed_process_left_can_be_adopted_by_one(folder: Path) -> None:
    killed(WRITE_AND_DIE, str(folder), API_URL, "one")
    [adopted] = found(folder)
    assert found(folder) == []
    file = adopted.file(LOGS_ROUTE)
    assert file is not None
    assert file.head(10).lines == [{"message": "a"}, {"message": "b"}]
    adopted.remove()
    assert list(folder.iterdir()) == []


def test_who_adopts_it_and_dies_leaves_it_as_it_then_is(folder: Path) -> None:
    killed(WRITE_AND_DIE, str(folder), API_URL, "one")
    [first] = found(folder)
    file = first.file(LOGS_ROUTE)
    assert file is not None
    file.settle(file.head(1).ends[-1])
    first.forget()
    [second] = found(folder)
    rest = second.file(LOGS_ROUTE)
    assert rest is not None
    assert rest.head(10).lines == [{"message": "b"}]
    second.remove()


def test_what_goes_to_another_api_or_is_of_another_run_is_left_alone(folder: Path) -> None:
    killed(WRITE_AND_DIE, str(folder), API_URL, "one")
    assert found(folder, api_url="http://elsewhere/api") == []
    assert found(folder, execution_id="two") == []
    [adopted] = found(folder, execution_id="one")
    adopted.remove()


def test_there_is_room_up_to_the_bound_and_for_logs_up_to_half_of_it(folder: Path) -> None:
    spool = new_spool(folder, most_bytes=1_000)
    spool.keep(LOGS_ROUTE, [b"x" * 600])
    assert not spool.has_room(LOGS_ROUTE)
    assert spool.has_room(REPORTS_ROUTE)
    spool.keep(EVENTS_ROUTE, [b"x" * 600])
    assert not spool.has_room(REPORTS_ROUTE)
    spool.remove()


def test_a_spool_that_cannot_be_read_stays_and_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed(WRITE_AND_DIE, str(folder), API_URL, "one")
    [left] = folder.iterdir()
    (left / "about.json").write_text("broken")
    assert found(folder) == []
    assert (left / "logs.jsonl").exists()
    assert "cannot be read" in capsys.readouterr().err


def test_what_is_left_of_a_spool_that_was_removed_goes(folder: Path) -> None:
    (folder / "gone").mkdir(parents=True)
    assert found(folder) == []
    assert list(folder.iterdir()) == []


def test_it_is_made_again_when_it_could_not_be_made_at_first(folder: Path, spool: Spool) -> None:
    folder.touch()
    with pytest.raises(OSError, match="spool"):
        spool.keep(LOGS_ROUTE, [b"{}"])
    folder.unlink()
    spool.keep(LOGS_ROUTE, [b"{}"])
    assert spool.holds(LOGS_ROUTE)
