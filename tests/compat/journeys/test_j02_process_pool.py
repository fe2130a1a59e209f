"""J2: a process pool, a run that is late because no worker is there, and workers that come."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

DEPLOY = "journeys/j02_deploy.py"
HALF_A_SECOND = timedelta(seconds=0.5)
"""A stock client is told to wait in whole seconds: it may be half of one early."""


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Late after one second, and a worker is missed after four."""
    return {
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "0.5",
        "WINDLASS_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "0.5",
        "WINDLASS_SERVER_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE": "4",
        "WINDLASS_SERVER_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS": "4",
    }


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """A user with two pools, and the flow deployed to both."""
    stock.commands(
        ["work-pool", "create", "my-pool", "--type", "process"],
        ["work-pool", "create", "shared", "--type", "process"],
    )
    stock.script(DEPLOY, "my-pool", "shared")
    return stock.with_settings(PREFECT_WORKER_HEARTBEAT_SECONDS="1")


@pytest.fixture(scope="module")
def late(user: Stock) -> dict[str, Any]:
    """A run that was created, and became late, while the pool had no worker."""
    asked = ["--param", "name=Ann", "--tag", "t1", "--flow-run-name", "hi-{name}"]
    user.prefect("deployment", "run", "my-flow/my-pool", *asked)
    (run,) = user.flow_runs_of("my-flow/my-pool")
    return user.wait_for_state(run["id"], "Late")


@pytest.fixture(scope="module")
def worker_log(user: Stock, late: dict[str, Any]) -> Iterator[Path]:
    """What the first worker of the pool says, which came after the run was late."""
    assert _statuses(user, "my-pool") == ("NOT_READY", "NOT_READY", [])
    assert late["state_type"] == "SCHEDULED"
    with user.started(
        "ox", "prefect", "worker", "start", "-p", "my-pool", "--limit", "2", "--name", "ox"
    ) as (process, log):
        yield log
        process.kill()
        process.wait(PATIENCE)
        gone = ("NOT_READY", "NOT_READY", [("ox", "OFFLINE")])
        wait_until(
            lambda: _statuses(user, "my-pool") == gone,
            timeout=PATIENCE,
            description="the worker to be missed",
        )


def test_j02_a_late_run_is_picked_up_by_the_first_worker_of_its_pool(
    user: Stock, late: dict[str, Any], worker_log: Path
) -> None:
    run = user.wait_for_state(late["id"], "Completed", "Failed", "Crashed")
    assert (run["name"], run["tags"], run["state_name"]) == ("hi-Ann", ["t1"], "Completed")
    names = [state["name"] for state in _states(user, run["id"])]
    assert names == ["Scheduled", "Late", "Pending", "Running", "Completed"]
    assert "Discovered type 'process' for work pool 'my-pool'" in worker_log.read_text()
    there = ("READY", "READY", [("ox", "ONLINE")])
    wait_until(
        lambda: _statuses(user, "my-pool") == there,
        timeout=PATIENCE,
        description="the pool to be ready",
    )


def test_j02_a_run_for_later_is_submitted_early_and_starts_at_its_time(
    user: Stock, worker_log: Path
) -> None:
    assert worker_log.exists()
    said = user.prefect(
        "deployment", "run", "my-flow/my-pool", "--start-in", "6 seconds", "--watch"
    )
    assert "Flow run finished successfully in 'Completed'" in said
    (run,) = [run for run in user.flow_runs_of("my-flow/my-pool") if run["name"] in said]
    due = datetime.fromisoformat(run["expected_start_time"])
    times = {s["name"]: datetime.fromisoformat(s["timestamp"]) for s in _states(user, run["id"])}
    assert times["Pending"] < due - HALF_A_SECOND
    assert times["Running"] >= due - HALF_A_SECOND


def test_j02_a_worker_makes_the_pool_it_was_told_the_type_of(user: Stock) -> None:
    user.prefect("worker", "start", "-p", "new-pool", "--type", "process", "--run-once")
    pool = user.server.get("work_pools/new-pool")
    assert pool["type"] == "process"
    assert pool["base_job_template"]["variables"]["properties"]["command"]


def test_j02_two_workers_execute_each_of_twenty_runs_once(user: Stock) -> None:
    start = ["prefect", "worker", "start", "-p", "shared", "--limit", "4", "--name"]
    with user.running("ant", *start, "ant"), user.running("bee", *start, "bee"):
        wait_until(
            lambda: _statuses(user, "shared")[2] == [("ant", "ONLINE"), ("bee", "ONLINE")],
            timeout=PATIENCE,
            description="both workers",
        )
        user.script(DEPLOY, "submit", "shared")
        runs = wait_until(
            lambda: _ended(user, 20), timeout=2 * PATIENCE, description="20 runs to end"
        )
    assert {run["state_name"] for run in runs} == {"Completed"}
    for run in runs:
        assert [s["name"] for s in _states(user, run["id"])].count("Running") == 1
    executed = (user.folder / "executed.txt").read_text().splitlines()
    assert sorted(executed, key=int) == [str(number) for number in range(20)]
    for worker in ("ant", "bee"):
        assert f"Worker '{worker}' submitting" in (user.folder / f"{worker}.log").read_text()


def _states(user: Stock, flow_run_id: str) -> list[dict[str, Any]]:
    return user.server.get(f"flow_run_states/?flow_run_id={flow_run_id}")


def _ended(user: Stock, number: int) -> list[dict[str, Any]]:
    """The runs of the shared pool, once so many have ended."""
    runs = user.flow_runs_of("my-flow/shared")
    return runs if sum(run["end_time"] is not None for run in runs) == number else []


def _statuses(user: Stock, pool: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Of a pool, of its default queue, and of its workers by name."""
    workers = user.server.post(f"work_pools/{pool}/workers/filter")
    return (
        user.server.get(f"work_pools/{pool}")["status"],
        user.server.get(f"work_pools/{pool}/queues/default")["status"],
        sorted((worker["name"], worker["status"]) for worker in workers),
    )
