"""The stock CLI and the stock process worker do their whole job on a Windlass server."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

POOL = "machines"


@pytest.fixture(scope="module")
def worker(stock: Stock) -> Iterator[Path]:
    """The log of a stock worker that polls the pool."""
    stock.prefect("work-pool", "create", POOL, "--type", "process")
    with stock.running(
        "worker", "prefect", "worker", "start", "--pool", POOL, "--name", "ox"
    ) as log:
        yield log


@pytest.fixture(scope="module")
def deployment(stock: Stock, worker: Path) -> str:
    """What `prefect deploy` made for the pool."""
    command = [
        "deploy",
        "flows.py:greet",
        "--name",
        "by-hand",
        "--pool",
        POOL,
        "--param",
        "name=ann",
    ]
    stock.prefect("--no-prompt", *command)
    return "greet/by-hand"


def test_a_worker_of_the_stock_package_is_online(stock: Stock, worker: Path) -> None:
    def seen() -> list[dict[str, Any]]:
        return stock.server.post(f"work_pools/{POOL}/workers/filter")

    (ox,) = wait_until(seen, timeout=PATIENCE, description="the worker's heartbeat")
    assert (ox["name"], ox["status"]) == ("ox", "ONLINE")
    listed, inspected = stock.commands(
        ["work-pool", "ls"], ["work-pool", "inspect", POOL, "--output", "json"]
    )
    assert POOL in listed
    assert json.loads(inspected)["status"] == "READY"


def test_a_deployment_is_run_and_watched_to_its_end(stock: Stock, deployment: str) -> None:
    said = stock.prefect("deployment", "run", deployment, "--param", "name=bob", "--watch")
    assert "Flow run finished successfully in 'Completed'" in said
    for live in ("prefect.flow-run.Running", "Worker 'ox' submitting flow run"):
        assert live in said, "events and logs are streamed to whoever watches"
    run = stock.flow_run(_uuid_in(said))
    assert (run["state_name"], run["work_pool_name"], run["run_count"]) == ("Completed", POOL, 1)
    stock.wait_for_log(run["id"], "HELLO BOB")
    logs, listed, inspected = stock.commands(
        ["flow-run", "logs", run["id"]], ["flow-run", "ls"], ["flow-run", "inspect", run["id"]]
    )
    assert "greeting bob" in logs
    assert run["name"] in listed
    assert run["id"] in inspected


def test_deployments_and_their_schedules_are_managed(stock: Stock, deployment: str) -> None:
    listed, inspected, _, schedules = stock.commands(
        ["deployment", "ls"],
        ["deployment", "inspect", deployment, "--output", "json"],
        ["deployment", "schedule", "create", deployment, "--cron", "0 5 1 1 *"],
        ["deployment", "schedule", "ls", deployment],
    )
    assert deployment in listed
    shown = json.loads(inspected)
    assert (shown["parameters"], shown["status"]) == ({"name": "ann"}, "READY")
    assert "0 5 1 1 *" in schedules
    due = wait_until(
        lambda: _scheduled(stock, deployment), timeout=PATIENCE, description="scheduled runs"
    )
    assert {run["state_name"] for run in due} == {"Scheduled"}
    stock.commands(["deployment", "schedule", "pause", deployment, _uuid_in(schedules)])
    assert not _scheduled(stock, deployment)


def test_what_a_script_deployed_runs_on_its_schedule(stock: Stock, worker: Path) -> None:
    stock.script("deploy.py")
    first = wait_until(
        lambda: stock.flow_runs_of("greet/on-schedule"), timeout=PATIENCE, description="a run"
    )[0]
    assert first["auto_scheduled"]
    run = stock.wait_for_state(first["id"], "Completed", "Failed", "Crashed")
    assert run["state_name"] == "Completed"
    assert run["parameters"] == {"name": "clock"}
    assert run["expected_start_time"] == first["expected_start_time"]
    started, expected = (
        datetime.fromisoformat(run[k]) for k in ("start_time", "expected_start_time")
    )
    # A stock client is told to wait in whole seconds: it may be half of one early.
    assert started >= expected - timedelta(seconds=0.5)


def test_a_run_that_a_stock_worker_executes_is_cancelled(stock: Stock, deployment: str) -> None:
    said = stock.prefect("deployment", "run", deployment, "--param", "seconds=300")
    id = _uuid_in(said)
    stock.wait_for_state(id, "Running")
    stock.prefect("flow-run", "cancel", id)
    run = stock.wait_for_state(id, "Cancelled", "Crashed", "Completed")
    assert run["state_name"] == "Cancelled"
    states = stock.server.get(f"flow_run_states/?flow_run_id={id}")
    assert [state["name"] for state in states][-3:] == ["Running", "Cancelling", "Cancelled"]


def test_a_flow_is_served_without_a_pool(stock: Stock) -> None:
    with stock.running("serve", "python", "serve.py") as log:
        (first, *_) = wait_until(
            lambda: _runs_served(stock), timeout=PATIENCE, description="a served run"
        )
        run = stock.wait_for_state(first["id"], "Completed", "Failed", "Crashed")
        assert run["state_name"] == "Completed", log.read_text()
        stock.wait_for_log(run["id"], "the clock says tock")


def _scheduled(stock: Stock, deployment: str) -> list[dict[str, Any]]:
    return [run for run in stock.flow_runs_of(deployment) if run["auto_scheduled"]]


def _runs_served(stock: Stock) -> list[dict[str, Any]]:
    with stock.server.http() as client:
        if client.get("deployments/name/tick/served").is_error:
            return []
    return stock.flow_runs_of("tick/served")


def _uuid_in(text: str) -> str:
    """The first id in what a command printed."""
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
    assert found, f"no id in {text}"
    return found.group()
