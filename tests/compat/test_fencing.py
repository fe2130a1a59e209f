"""Runs of stock workers are fenced: one execution owns a run, and the one before it is stopped."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.compat.conftest import PAIR
from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import (
    AUTH_STRING,
    BY_BACKEND,
    WindlassServer,
    running_server,
)

pytestmark = pytest.mark.timeout(400)

POOL: Final = "fenced"


@pytest.fixture(scope="module", params=BY_BACKEND)
def windlass_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WindlassServer]:
    """A server that asks nobody for credentials: a stock process worker that has to bring a header
    of its own passes that on to its runs, in place of what the server tells them."""
    with running_server(request, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(params=BY_BACKEND)
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stock]:
    """The stock package, told no credentials by its user, against a server that asks for some."""
    with running_server(request, tmp_path / "server", {AUTH_STRING: PAIR}) as server:
        folder = shutil.copytree(Path(__file__).parent / "stock", tmp_path / "stock")
        told_nothing = {"PREFECT_API_AUTH_STRING": "", "PREFECT_CLIENT_CUSTOM_HEADERS": "{}"}
        yield Stock(server, folder, told_nothing)


def test_a_job_needs_nothing_but_what_the_poll_told_of_it(guarded: Stock, tmp_path: Path) -> None:
    """As in a container: the token of the run lets its process in, on the socket of events too."""
    server, folder = guarded.server, tmp_path / "go"
    folder.mkdir()
    server.post("work_pools/", {"name": POOL, "type": "docker"})
    flow = server.post("flows/", {"name": "fenced"})["id"]
    deployment = server.post(
        "deployments/",
        {
            "name": "d",
            "flow_id": flow,
            "work_pool_name": POOL,
            "entrypoint": "fenced.py:fenced",
            "path": str(guarded.folder),
            "parameters": {"folder": str(folder)},
        },
    )["id"]
    server.post(f"deployments/{deployment}/create_flow_run", {})
    [told] = server.post(f"work_pools/{POOL}/get_scheduled_flow_runs", {})
    run_id, environment = told["flow_run"]["id"], told["flow_run"]["job_variables"]["env"]
    pending = {"state": {"type": "PENDING"}}
    assert server.post(f"flow_runs/{run_id}/set_state", pending)["status"] == "ACCEPT"
    (folder / "go-1").touch()
    guarded.with_settings(**environment).prefect("flow-run", "execute", run_id)
    assert guarded.flow_run(run_id)["state_name"] == "Completed"
    _wait_for_completed_task(guarded, run_id)


def test_a_worker_that_was_away_takes_no_run_from_its_successor(
    stock: Stock, tmp_path: Path
) -> None:
    stock.prefect("work-pool", "create", POOL, "--type", "process")
    stock.prefect("--no-prompt", "deploy", "fenced.py:fenced", "--name", "d", "--pool", POOL)
    deployment = stock.server.get("deployments/name/fenced/d")["id"]
    wanted = {"parameters": {"folder": str(tmp_path)}}
    run_id = stock.server.post(f"deployments/{deployment}/create_flow_run", wanted)["id"]
    worker = ["prefect", "worker", "start", "--pool", POOL, "--name"]
    with stock.started("first", *worker, "first") as (first, _):
        _wait_for(tmp_path / "started-1")
        first.send_signal(signal.SIGSTOP)
        try:
            # As an operator, or a policy for lost infrastructure, would have it.
            again = {"state": {"type": "SCHEDULED"}, "force": True}
            stock.server.post(f"flow_runs/{run_id}/set_state", again)
            with stock.running("second", *worker, "second"):
                _wait_for(tmp_path / "started-2")
                (tmp_path / "go-1").touch()
                wait_until(
                    lambda: _has_ended(tmp_path / "started-1"),
                    timeout=PATIENCE,
                    description="the first process to end",
                )
                run = stock.flow_run(run_id)
                assert (run["state_name"], run["execution_id"]) == ("Running", f"{run_id}.2")
                (tmp_path / "go-2").touch()
                stock.wait_for_state(run_id, "Completed")
        finally:
            first.send_signal(signal.SIGCONT)
    _wait_for_completed_task(stock, run_id)


def _wait_for(file: Path) -> None:
    wait_until(file.exists, timeout=PATIENCE, description=f"{file.name} to be there")


def _has_ended(started: Path) -> bool:
    """Whether the process is over; its worker, which would collect it, is not awake."""
    try:
        return psutil.Process(int(started.read_text())).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _wait_for_completed_task(stock: Stock, run_id: str) -> None:
    """Task runs are told by events alone."""
    wanted = {
        "task_runs": {"flow_run_id": {"any_": [run_id]}, "state": {"name": {"any_": ["Completed"]}}}
    }
    wait_until(
        lambda: stock.server.post("task_runs/filter", wanted),
        timeout=PATIENCE,
        description="the task run to be told of",
    )
