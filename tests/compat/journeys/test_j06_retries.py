"""J6: retries, hooks and timeouts, as the history of the runs shows them."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

SCRIPT = "journeys/j06_retries.py"


@pytest.fixture(scope="module")
def told(stock: Stock) -> dict[str, Any]:
    """What the script printed."""
    return json.loads(stock.script(SCRIPT).splitlines()[-1])


def test_j06_the_attempts_of_a_task_are_its_history(stock: Stock, told: dict[str, Any]) -> None:
    flaky = _task_run(stock, told["runs"]["retrying"], "flaky")
    history = stock.server.get(f"task_run_states/?task_run_id={flaky['id']}")
    assert [state["name"] for state in history] == [
        "Pending",
        "Running",
        "AwaitingRetry",
        "Retrying",
        "AwaitingRetry",
        "Retrying",
        "Completed",
    ]
    assert flaky["run_count"] == 3
    times = [datetime.fromisoformat(state["timestamp"]) for state in history]
    for waits, delay in ((2, 1), (4, 2)):
        due = datetime.fromisoformat(history[waits]["state_details"]["scheduled_time"])
        # Half of the delay more or less is the jitter.
        assert timedelta(seconds=delay / 2) <= due - times[waits] <= timedelta(seconds=delay * 1.6)
        assert times[waits + 1] >= due


def test_j06_a_condition_that_does_not_hold_ends_the_task(
    stock: Stock, told: dict[str, Any]
) -> None:
    hopeless = _task_run(stock, told["runs"]["retrying"], "hopeless")
    assert (hopeless["state_name"], hopeless["run_count"]) == ("Failed", 1)
    assert hopeless["empirical_policy"]["retries"] == 4


def test_j06_a_flow_that_takes_too_long_is_timed_out(stock: Stock, told: dict[str, Any]) -> None:
    slow = stock.flow_run(told["runs"]["slow"])
    assert (slow["state_name"], slow["state_type"]) == ("TimedOut", "FAILED")
    assert "exceeded timeout of 1" in slow["state"]["message"]


def test_j06_a_flow_is_tried_again_and_fails_once(stock: Stock, told: dict[str, Any]) -> None:
    wanted = {"flows": {"name": {"any_": ["failing"]}}}
    (failing,) = stock.server.post("flow_runs/filter", wanted)
    assert (failing["state_name"], failing["run_count"]) == ("Failed", 2)
    history = stock.server.get(f"flow_run_states/?flow_run_id={failing['id']}")
    names = [state["name"] for state in history]
    assert names == ["Pending", "Running", "AwaitingRetry", "Running", "Failed"]
    assert told["seen"] == {
        "reraised": "failing on purpose",
        "calls": {"flaky": 3, "failing": 2, "plain": 0},
        "hooks": {"on_running": 3, "on_failure": 0, "notify": 1},
    }


def test_j06_settings_say_what_decorators_do_not(stock: Stock) -> None:
    user = stock.with_settings(
        PREFECT_TASK_DEFAULT_RETRIES="2",
        PREFECT_TASK_DEFAULT_RETRY_DELAY_SECONDS="0.1,0.2,100",
    )
    runs = json.loads(user.script(SCRIPT, "defaults").splitlines()[-1])["runs"]
    plain = _task_run(stock, runs["by_default"], "plain")
    assert (plain["state_name"], plain["run_count"]) == ("Completed", 3)
    assert plain["empirical_policy"]["retry_delay"] == [0.1, 0.2, 100]
    firm = _task_run(stock, runs["by_default"], "firm")
    assert (firm["state_name"], firm["run_count"]) == ("Failed", 1)


def _task_run(stock: Stock, flow_run_id: str, task: str) -> dict[str, Any]:
    """The only run of the task in the flow run, once it has ended: it is recorded behind it."""
    wanted = {
        "flow_runs": {"id": {"any_": [flow_run_id]}},
        "task_runs": {"name": {"like_": task}},
    }

    def ended() -> list[dict[str, Any]]:
        found = stock.server.post("task_runs/filter", wanted)
        return found if all(run["end_time"] for run in found) else []

    (run,) = wait_until(ended, timeout=PATIENCE, description=f"the run of {task} to end")
    return run
