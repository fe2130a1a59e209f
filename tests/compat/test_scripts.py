"""A script that uses the stock package runs, and everything it did is seen through the API."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def runs(stock: Stock) -> dict[str, str]:
    """The ids of the flow runs that the script made, by the names of the flows."""
    return json.loads(stock.script("script.py").splitlines()[-1])


def test_flow_runs_end_as_the_script_saw_them(stock: Stock, runs: dict[str, str]) -> None:
    found = {name: stock.flow_run(id) for name, id in runs.items()}
    assert {name: run["state_name"] for name, run in found.items()} == {
        "parent": "Completed",
        "unusual": "Completed",
        "failing": "Failed",
        "second_try": "Completed",
        "asynchronous": "Completed",
    }
    assert found["parent"]["parameters"] == {"name": "you"}
    assert found["second_try"]["run_count"] == 2
    assert "broken on purpose" in found["failing"]["state"]["message"]
    for run in found.values():
        assert run["start_time"] <= run["end_time"]


def test_task_runs_are_recorded_from_events(stock: Stock, runs: dict[str, str]) -> None:
    assert _ended_tasks(stock, runs["parent"]) == {
        ("add", "Completed"): 5,
        ("flaky", "Completed"): 1,
        ("child", "Completed"): 1,
    }
    assert _ended_tasks(stock, runs["unusual"]) == {
        ("tagged", "Completed"): 1,
        ("remembered", "Completed"): 1,
        ("remembered", "Cached"): 1,
        ("slow", "TimedOut"): 1,
        ("counting", "Completed"): 1,
    }
    assert _ended_tasks(stock, runs["failing"]) == {("broken", "Failed"): 1}
    assert _ended_tasks(stock, runs["asynchronous"]) == {("double", "Completed"): 2}


def test_a_task_run_shows_its_attempts_and_what_it_waited_for(
    stock: Stock, runs: dict[str, str]
) -> None:
    _ended_tasks(stock, runs["parent"])
    tasks = _tasks(stock, runs["parent"])
    (flaky,) = [task for task in tasks if task["name"].startswith("flaky")]
    assert flaky["run_count"] == 2
    inputs = [one for task in tasks for given in task["task_inputs"].values() for one in given]
    assert {one["input_type"] for one in inputs} == {"task_run"}
    assert {one["id"] for one in inputs} <= {task["id"] for task in tasks}


def test_a_subflow_hangs_on_a_task_run_of_its_parent(stock: Stock, runs: dict[str, str]) -> None:
    _ended_tasks(stock, runs["parent"])
    (stands_for,) = [t for t in _tasks(stock, runs["parent"]) if t["name"].startswith("child")]
    wanted = {"flow_runs": {"parent_task_run_id": {"any_": [stands_for["id"]]}}}
    (child,) = stock.server.post("flow_runs/filter", wanted)
    assert child["state_name"] == "Completed"
    assert stands_for["state"]["state_details"]["child_flow_run_id"] == child["id"]
    assert stands_for["end_time"] == child["end_time"]


def test_logs_of_flows_and_tasks_are_there(stock: Stock, runs: dict[str, str]) -> None:
    wanted = {"logs": {"flow_run_id": {"any_": [runs["parent"]]}}, "sort": "TIMESTAMP_ASC"}
    logs = wait_until(
        lambda: stock.server.post("logs/filter", wanted), description="logs of the parent"
    )
    messages = [log["message"] for log in logs]
    assert "hello you" in messages
    adding = [log for log in logs if log["message"] == "adding 1 and 1"]
    assert {log["task_run_id"] for log in adding} <= {
        task["id"] for task in _tasks(stock, runs["parent"])
    }
    assert len(adding) == 2
    (error,) = stock.server.post(
        "logs/filter",
        {"logs": {"flow_run_id": {"any_": [runs["failing"]]}, "level": {"ge_": 40}}, "limit": 1},
    )
    assert "broken on purpose" in error["message"]


def test_every_change_of_state_is_an_event(stock: Stock, runs: dict[str, str]) -> None:
    assert _events(stock, f"prefect.flow-run.{runs['second_try']}") == [
        "prefect.flow-run.Pending",
        "prefect.flow-run.Running",
        "prefect.flow-run.AwaitingRetry",
        "prefect.flow-run.Running",
        "prefect.flow-run.Completed",
    ]
    _ended_tasks(stock, runs["parent"])
    (flaky,) = [t for t in _tasks(stock, runs["parent"]) if t["name"].startswith("flaky")]
    assert _events(stock, f"prefect.task-run.{flaky['id']}") == [
        "prefect.task-run.Pending",
        "prefect.task-run.Running",
        "prefect.task-run.Retrying",
        "prefect.task-run.Completed",
    ]


def _tasks(stock: Stock, flow_run_id: str) -> list[dict[str, Any]]:
    return stock.server.post("task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run_id]}}})


def _ended_tasks(stock: Stock, flow_run_id: str) -> Counter[tuple[str, str]]:
    """The task runs by task and state, once all have ended: they arrive behind the script."""
    final = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

    def ended() -> list[dict[str, Any]]:
        tasks = _tasks(stock, flow_run_id)
        return tasks if all(task["state_type"] in final for task in tasks) else []

    tasks = wait_until(ended, timeout=PATIENCE, description="the task runs to end")
    return Counter((task["name"].rpartition("-")[0], task["state_name"]) for task in tasks)


def _events(stock: Stock, resource_id: str) -> list[str]:
    """The names of the events of one resource, oldest first, once the last one is final."""
    wanted = {"filter": {"resource": {"id": [resource_id]}, "order": "ASC"}, "limit": 50}

    def names() -> list[str]:
        found = [event["event"] for event in stock.server.post("events/filter", wanted)["events"]]
        return found if found and found[-1].endswith("Completed") else []

    return wait_until(names, timeout=PATIENCE, description=f"the events of {resource_id}")
