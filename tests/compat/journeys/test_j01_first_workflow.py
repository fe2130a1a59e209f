"""J1: a first workflow is run, and then served on a schedule.

What stops at Ctrl+C is the deployment: the client pauses it, and leaves its schedule as it was.
"""

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

QUICK = "journeys/j01_quick.py"
DEPLOYMENT = "main/my-first-deployment"


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """Somebody who wrote the address of the API into the profile, and nothing else."""
    stock.prefect("config", "set", f"PREFECT_API_URL={stock.server.api_url}")
    return stock.with_settings(PREFECT_API_URL="")


def test_j01_a_script_leaves_a_flow_run_its_task_runs_and_their_edges(user: Stock) -> None:
    user.script(QUICK)
    on_its_own = {"flow_runs": {"deployment_id": {"is_null_": True}}}
    (run,) = user.server.post("flow_runs/filter", on_its_own)
    assert (run["state_name"], run["state"]["message"]) == ("Completed", "All states completed.")
    tasks = wait_until(lambda: _ended_tasks(user, run), timeout=PATIENCE, description="11 tasks")
    named = {task["id"]: task["name"].rpartition("-")[0] for task in tasks}
    assert Counter(named.values()) == {"get_ids": 1, "process": 10}
    assert {task["state_name"] for task in tasks} == {"Completed"}
    graph = user.server.get(f"flow_runs/{run['id']}/graph-v2")
    nodes = {id: node for id, node in graph["nodes"]}
    assert nodes.keys() == named.keys()
    (source,) = [id for id, name in named.items() if name == "get_ids"]
    for id, node in nodes.items():
        parents = [] if id == source else [source]
        assert [parent["id"] for parent in node["parents"]] == parents


def test_j01_serving_it_schedules_runs_it_on_demand_and_pauses_it_at_the_end(user: Stock) -> None:
    with user.started("serve", "python", QUICK, "serve") as (process, log):
        ahead = wait_until(lambda: _ahead(user), timeout=PATIENCE, description="scheduled runs")
        assert 3 <= len(ahead) <= 100
        tomorrow = ahead[0]
        assert datetime.now(UTC) < tomorrow <= datetime.now(UTC) + timedelta(days=1)
        assert (tomorrow.hour, tomorrow.minute, tomorrow.second) == (8, 0, 0)
        assert ahead == [tomorrow + timedelta(days=n) for n in range(len(ahead))]
        assert not _is_paused(user)

        user.prefect("deployment", "run", DEPLOYMENT)
        (asked_for,) = [r for r in user.flow_runs_of(DEPLOYMENT) if not r["auto_scheduled"]]
        run = user.wait_for_state(asked_for["id"], "Completed", "Failed", "Crashed")
        assert run["state_name"] == "Completed", log.read_text()
        said = user.wait_for_log(run["id"], "process ")
        assert f"process {process.pid}" not in said, "it has a process of its own"

        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert _is_paused(user)
    assert _ahead(user) == []


def test_j01_its_schedule_stays_active_when_it_is_told_to(user: Stock) -> None:
    with user.started("serve", "python", QUICK, "serve", "keep") as (process, _):
        wait_until(lambda: _ahead(user), timeout=PATIENCE, description="scheduled runs")
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    assert not _is_paused(user)
    assert _ahead(user)


def _ended_tasks(user: Stock, run: dict[str, Any]) -> list[dict[str, Any]]:
    """The eleven task runs of a flow run, once all have ended: they arrive behind it."""
    tasks = user.server.post("task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    is_over = len(tasks) == 11 and all(task["end_time"] for task in tasks)
    return tasks if is_over else []


def _ahead(user: Stock) -> list[datetime]:
    """When the scheduled runs of the deployment are due, in order."""
    with user.server.http() as client:
        if client.get(f"deployments/name/{DEPLOYMENT}").is_error:
            return []
    runs = user.flow_runs_of(DEPLOYMENT)
    due = [run["expected_start_time"] for run in runs if run["auto_scheduled"]]
    return sorted(datetime.fromisoformat(time) for time in due)


def _is_paused(user: Stock) -> bool:
    return user.server.get(f"deployments/name/{DEPLOYMENT}")["paused"]
