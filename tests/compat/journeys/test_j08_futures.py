"""J8: futures, maps, dependencies, and the state that a flow ends in."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def told(stock: Stock) -> dict[str, Any]:
    """What the script printed: the flow runs by name, and what it saw."""
    return json.loads(stock.script("journeys/j08_futures.py").splitlines()[-1])


def test_j08_a_task_starts_after_those_it_waits_for(stock: Stock, told: dict[str, Any]) -> None:
    ended = _ended_tasks(stock, told["runs"]["g"], 14)
    by_name = {task["name"].rpartition("-")[0]: task for task in ended}
    start = datetime.fromisoformat(by_name["t_c"]["start_time"])
    for name in ("t_a", "t_b"):
        assert start >= datetime.fromisoformat(by_name[name]["end_time"])
    waited_for = [given["id"] for given in by_name["t_c"]["task_inputs"]["wait_for"]]
    assert sorted(waited_for) == sorted([by_name["t_a"]["id"], by_name["t_b"]["id"]])


def test_j08_failures_in_a_map_are_of_their_own(stock: Stock, told: dict[str, Any]) -> None:
    tasks = _ended_tasks(stock, told["runs"]["g"], 14)
    ends = Counter((task["name"].rpartition("-")[0], task["state_name"]) for task in tasks)
    assert ends == {
        ("t_a", "Completed"): 1,
        ("t_b", "Completed"): 1,
        ("t_c", "Completed"): 1,
        ("add", "Completed"): 3,
        ("sum_plus", "Completed"): 3,
        ("process", "Completed"): 3,
        ("process", "Failed"): 2,
    }
    assert told["seen"]["mapped"] == [3, 2, 0]
    assert told["seen"]["error"] == "ValueError"


def test_j08_what_a_flow_returns_decides_how_it_ends(stock: Stock, told: dict[str, Any]) -> None:
    runs = {name: stock.flow_run(id) for name, id in told["runs"].items()}
    assert {name: (run["state_name"], run["state_type"]) for name, run in runs.items()} == {
        "g": ("Completed", "COMPLETED"),
        "raises": ("Failed", "FAILED"),
        "returns_failed": ("Failed", "FAILED"),
        "tuple_with_failed_future": ("Failed", "FAILED"),
        "literal": ("Completed", "COMPLETED"),
        "skipped": ("Skipped", "COMPLETED"),
        "in_processes": ("Completed", "COMPLETED"),
    }
    assert runs["returns_failed"]["state"]["message"] == "returned"
    assert runs["tuple_with_failed_future"]["state"]["message"] == "1/2 states failed."


def test_j08_tasks_in_a_pool_of_processes_report_to_their_run(
    stock: Stock, told: dict[str, Any]
) -> None:
    spans = told["seen"]["processes"]
    processes = {process for process, _, _ in spans}
    assert 2 <= len(processes) <= 3
    assert told["seen"]["me"] not in processes
    for _, start, _ in spans:
        assert sum(begin <= start < end for _, begin, end in spans) <= 3

    id = told["runs"]["in_processes"]
    tasks = {task["id"] for task in _ended_tasks(stock, id, 6)}
    for number in range(6):
        stock.wait_for_log(id, f"number {number} in a process")
    wanted = {"logs": {"flow_run_id": {"any_": [id]}, "task_run_id": {"any_": sorted(tasks)}}}
    told_by = stock.server.post("logs/filter", wanted)
    assert {log["task_run_id"] for log in told_by if "in a process" in log["message"]} == tasks


def _ended_tasks(stock: Stock, flow_run_id: str, number: int) -> list[dict[str, Any]]:
    """The task runs of a flow run, once so many have ended: they are recorded behind it."""
    wanted = {"flow_runs": {"id": {"any_": [flow_run_id]}}}

    def ended() -> list[dict[str, Any]]:
        tasks = stock.server.post("task_runs/filter", wanted)
        return tasks if sum(bool(task["end_time"]) for task in tasks) == number else []

    return wait_until(ended, timeout=PATIENCE, description=f"{number} task runs to end")
