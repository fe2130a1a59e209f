"""J15: runs that are cancelled, that are told to end, and whose machine dies.

A run says every 30 seconds that it lives. That an automation crashes one that no longer does waits
for the evaluator of triggers. A stock child in the process of its parent is cancelled with it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.balancer import balancing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

SCRIPT: Final = "journeys/j15_long.py"
POOLS: Final = ("zoo", "polling", "doomed")


@pytest.fixture(scope="module", autouse=True)
def pools(stock: Stock) -> None:
    """A pool for each of the workers, with deployments of its name."""
    stock.commands(*(["work-pool", "create", name, "--type", "process"] for name in POOLS))
    stock.script(SCRIPT, *POOLS)


@pytest.fixture(scope="module")
def worker(stock: Stock) -> Iterator[Path]:
    """The log of a worker."""
    with stock.running("worker", "prefect", "worker", "start", "--pool", "zoo") as log:
        yield log


def test_j15_a_run_that_is_told_to_end_has_crashed(stock: Stock, worker: Path) -> None:
    id, process = _start(stock)
    os.kill(process, signal.SIGTERM)
    stock.wait_for_state(id, "Crashed")
    _wait_for_hook(stock, f"crashed-{id}")
    assert _state_names(stock, id)[-2:] == ["Running", "Crashed"], worker.read_text()


def test_j15_a_cancelled_run_is_gone_before_it_says_so(stock: Stock, worker: Path) -> None:
    id, process = _start(stock)
    stock.prefect("flow-run", "cancel", id)
    stock.wait_for_state(id, "Cancelled", "Crashed")
    assert not _is_alive(process)
    _wait_for_hook(stock, f"cancelling-{id}")
    names = _state_names(stock, id)
    assert names[-3:] == ["Running", "Cancelling", "Cancelled"], worker.read_text()


def test_j15_a_worker_without_websockets_is_told_to_cancel_by_polling(stock: Stock) -> None:
    ports = [process.port for process in stock.server.processes.values()]
    with balancing(ports) as proxy:
        behind = stock.with_settings(PREFECT_API_URL=f"{proxy.url}/api")
        start = ["prefect", "worker", "start", "--pool", "polling"]
        with behind.running("polling-worker", *start) as log:
            id, process = _start(stock, "long/polling")
            # A stock worker does not start without the socket, and asks when it is gone.
            proxy.refuse("/events/out")
            stock.prefect("flow-run", "cancel", id)
            stock.wait_for_state(id, "Cancelled", "Crashed")
            assert not _is_alive(process)
            names = _state_names(stock, id)
            assert names[-3:] == ["Running", "Cancelling", "Cancelled"], log.read_text()


def test_j15_the_child_of_a_cancelled_run_ends_with_it(stock: Stock, worker: Path) -> None:
    parent = _run(stock, "parent/zoo")
    stock.wait_for_state(parent, "Running")
    children = {"flows": {"name": {"any_": ["child"]}}}
    [child] = wait_until(
        lambda: stock.server.post("flow_runs/filter", children),
        timeout=PATIENCE,
        description="the child",
    )
    stock.wait_for_state(child["id"], "Running")
    stock.prefect("flow-run", "cancel", parent)
    stock.wait_for_state(parent, "Cancelled")
    # A stock engine that is told to end says so of the child before anybody cancels that.
    stock.wait_for_state(child["id"], "Cancelled", "Crashed")
    assert "Cancelled flow run" in worker.read_text()


def test_j15_a_run_says_that_it_lives_until_it_does_not(stock: Stock) -> None:
    # As often as a stock one can.
    alive = stock.with_settings(PREFECT_RUNNER_HEARTBEAT_FREQUENCY="30")
    start = ["prefect", "worker", "start", "--pool", "doomed"]
    with alive.started("doomed-worker", *start) as (worker, _):
        id, process = _start(stock, "long/doomed")
        (beat,) = wait_until(
            lambda: _heartbeats(stock, id), timeout=PATIENCE, description="a heartbeat"
        )
        os.kill(process, signal.SIGKILL)
        worker.kill()
        worker.wait()
    roles = {each["prefect.resource.role"] for each in beat["related"]}
    assert roles >= {"flow", "deployment"}
    assert stock.flow_run(id)["state_name"] == "Running", "nobody said that it ended"
    assert _heartbeats(stock, id) == [beat]


def test_j15_the_waiting_runs_of_a_deleted_deployment_never_start(
    stock: Stock, worker: Path
) -> None:
    flow = stock.server.get("flows/name/long")
    made = stock.server.post(
        "deployments/", {"name": "short-lived", "flow_id": flow["id"], "work_pool_name": "zoo"}
    )
    later = datetime.now(UTC) + timedelta(minutes=5)
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": later.isoformat()}}
    run = stock.server.post(f"deployments/{made['id']}/create_flow_run", {"state": state})
    stock.prefect("--no-prompt", "deployment", "delete", "long/short-lived")
    # As with the stock server: they are no more, rather than cancelled.
    with stock.server.http() as client:
        assert client.get(f"flow_runs/{run['id']}").status_code == 404, worker.read_text()


def _start(stock: Stock, deployment: str = "long/zoo") -> tuple[str, int]:
    """A run that is at work, and its process."""
    id = _run(stock, deployment)
    stock.wait_for_state(id, "Running")
    said = stock.wait_for_log(id, "process ")
    return id, int(said.removeprefix("process ").rstrip("."))


def _run(stock: Stock, deployment: str) -> str:
    """The id of a new run."""
    found = stock.server.get(f"deployments/name/{deployment}")
    return stock.server.post(f"deployments/{found['id']}/create_flow_run")["id"]


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def _wait_for_hook(stock: Stock, name: str) -> None:
    """Return when a hook has left its file."""
    file = stock.folder / "journeys" / name
    wait_until(file.exists, timeout=PATIENCE, description=f"the hook of {name}")


def _state_names(stock: Stock, id: str) -> list[str]:
    states = stock.server.get(f"flow_run_states/?flow_run_id={id}")
    return [state["name"] for state in states]


def _heartbeats(stock: Stock, id: str) -> list[dict[str, Any]]:
    resource = {"id": [f"prefect.flow-run.{id}"]}
    asked = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": resource}}
    return stock.server.post("events/filter", asked)["events"]
