"""J17: tasks are delayed and run by task workers that share them, also when one of them dies."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import BY_BACKEND

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("windlass_server", BY_BACKEND, indirect=True),
]

SCRIPT: Final = "journeys/j17_background.py"


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        # How long a task worker may be silent before its runs are somebody else's: not while
        # the machine is slow.
        "WINDLASS_SERVER_LEASE_SECONDS": "8",
    }


@pytest.fixture(scope="module")
def delayed(stock: Stock) -> dict[str, list[str]]:
    """The ids of what was delayed before anybody served it."""
    runs: dict[str, list[str]] = json.loads(stock.script(SCRIPT, "delay").splitlines()[-1])
    names = {_task_run(stock, id)["state_name"] for ids in runs.values() for id in ids}
    assert names == {"Scheduled"}
    return runs


@pytest.fixture(scope="module")
def workers(stock: Stock, delayed: dict[str, list[str]]) -> Iterator[None]:
    """Two task workers, of which each runs one task at a time."""
    assert delayed
    with ExitStack() as both:
        for name in ("one", "two"):
            both.enter_context(stock.running(name, "python", SCRIPT, "serve"))
        yield


@pytest.fixture(scope="module")
def said(stock: Stock, delayed: dict[str, list[str]], workers: None) -> dict[str, str]:
    """What each delayed run logged, by its id, when all of them are over.

    Before a worker is killed: what a process logged in its last two seconds dies with it.
    """
    words = {
        **dict(zip(delayed["add"], ("1 + 2 = 3", "1 + 4", "2 + 4", "3 + 4"), strict=True)),
        **dict(zip(delayed["others"], ("2 * 3 = 6", "delayed 7 + 7"), strict=True)),
    }
    for id in words:
        _wait_for_completed(stock, id)
    return {id: _logged(stock, id, each) for id, each in words.items()}


def test_j17_what_was_delayed_is_run_once_by_one_of_the_task_workers(
    stock: Stock, delayed: dict[str, list[str]], said: dict[str, str]
) -> None:
    for id in delayed["add"]:
        states = stock.server.get(f"task_run_states/?task_run_id={id}")
        names = [state["name"] for state in states]
        messages = [state["message"] for state in states]
        assert names == ["Scheduled", "Pending", "Running", "Completed"], messages
    processes = {said[id].rpartition(" ")[2] for id in delayed["add"]}
    assert len(processes) == 2, "neither did everything"


@pytest.mark.usefixtures("said")
def test_j17_a_delayed_task_may_delay_another_one(stock: Stock) -> None:
    wanted = {"task_runs": {"name": {"any_": ["add"]}}}

    def all_completed() -> bool:
        found = stock.server.post("task_runs/filter", wanted)
        return [run["state_name"] for run in found] == ["Completed"] * 5

    wait_until(all_completed, timeout=PATIENCE, description="what the delayed task delayed")


@pytest.mark.usefixtures("said")
def test_j17_what_a_killed_task_worker_had_begun_is_run_by_the_other_one(stock: Stock) -> None:
    id = json.loads(stock.script(SCRIPT, "delay-slow").splitlines()[-1])
    begun = stock.folder / "journeys" / "slow-began"
    wait_until(begun.exists, timeout=PATIENCE, description="the task to begin")
    os.kill(int(wait_until(begun.read_text, description="its process")), signal.SIGKILL)
    _wait_for_completed(stock, id)
    assert _task_run(stock, id)["run_count"] == 2


@pytest.mark.usefixtures("said")
def test_j17_a_command_serves_all_tasks_of_a_module(stock: Stock) -> None:
    # After what was delayed is over: this one too would take it, and is ended soon.
    modules = stock.with_settings(PYTHONPATH=str(stock.folder / "journeys"))
    serving = ["prefect", "task", "serve", "--module", "j17_background"]
    with modules.running("module", *serving):
        wait_until(lambda: _served(stock), timeout=PATIENCE, description="every task to be served")


def _served(stock: Stock) -> bool:
    found = stock.server.post("task_workers/filter")
    return any(len(worker["task_keys"]) == 4 for worker in found)


def _task_run(stock: Stock, id: str) -> dict[str, Any]:
    return stock.server.get(f"task_runs/{id}")


def _wait_for_completed(stock: Stock, id: str) -> None:
    def completed() -> bool:
        return _task_run(stock, id)["state_name"] == "Completed"

    wait_until(completed, timeout=PATIENCE, description=f"task run {id} to complete")


def _logged(stock: Stock, id: str, words: str) -> str:
    """What the task run logged that has these words in it."""
    wanted = {"logs": {"task_run_id": {"any_": [id]}}}

    def found() -> str:
        logs = stock.server.post("logs/filter", wanted)
        return next((log["message"] for log in logs if words in log["message"]), "")

    return wait_until(found, timeout=PATIENCE, description=f"{words!r} to be logged")
