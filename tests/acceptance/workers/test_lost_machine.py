"""A machine that dies takes its worker and its runs with it: the server notices."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.balancer import balancing
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7

SLEEPING = """
import time
from windlass import flow

@flow
def a_flow():
    time.sleep(3600)
"""

CALLING = """
import time
from windlass import flow, task

@task
def waits():
    time.sleep(3600)

@flow
def child():
    waits()

@flow
def a_flow():
    child()
"""

ENDING = """
import time
from pathlib import Path
from windlass import flow, task

@task
def ends_when_told(folder: str):
    while not Path(folder, "go").exists():
        time.sleep(0.01)

@task
def does_not():
    time.sleep(3600)

@flow
def a_flow(folder: str):
    lost = does_not.submit()
    ends_when_told(folder)
    lost.wait()
"""

FIRST_LOST = """
import time
from pathlib import Path
from windlass import flow

@flow
def a_flow(folder: str):
    began = Path(folder, "began")
    if not began.exists():
        began.touch()
        time.sleep(3600)
"""


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """A server that is quick to miss somebody."""
    return {"WINDLASS_SERVER_LEASE_SECONDS": "4"}


@pytest.fixture
def fleet(windlass_server: WindlassServer, tmp_path: Path) -> Iterator[Fleet]:
    """No worker yet, and a pool of the test's own."""
    fleet = Fleet(windlass_server, tmp_path, str(uuid7()))
    yield fleet
    fleet.end()


def test_a_run_whose_machine_is_gone_does_not_stay_running(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    run = fleet.run(fleet.deploy(SLEEPING, tmp_path))
    fleet.until_state(run, "RUNNING")
    process = fleet.pid(run)
    worker.kill()
    os.kill(process, signal.SIGKILL)
    state = fleet.until_state(run)
    assert state["type"] == "CRASHED"
    assert state["message"]


def test_what_a_lost_run_had_under_way_crashes_with_it(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    run = fleet.run(fleet.deploy(CALLING, tmp_path))

    def are_all(state: str) -> bool:
        flows = fleet.server.post("flow_runs/filter", {"flows": {"name": {"any_": ["child"]}}})
        of_runs = {"id": {"any_": [run, *(flow["id"] for flow in flows)]}}
        tasks = fleet.server.post("task_runs/filter", {"flow_runs": of_runs})
        found = [one["state_type"] for one in [*tasks, *flows]]
        return found == [state] * 3

    wait_until(lambda: are_all("RUNNING"), description="a task in a flow in a flow")
    process = fleet.pid(run)
    worker.kill()
    os.kill(process, signal.SIGKILL)
    assert fleet.until_state(run)["type"] == "CRASHED"
    wait_until(lambda: are_all("CRASHED"), description="all of it to crash")


def test_what_a_lost_run_had_ended_counts_when_it_is_heard_of(fleet: Fleet, tmp_path: Path) -> None:
    home = tmp_path / "home"
    fleet.environment = {"WINDLASS_HOME": str(home)}

    def are(*wanted: str) -> bool:
        tasks = fleet.server.post("task_runs/filter", {"sort": "NAME_ASC", "flow_runs": of_run})
        return [task["state_type"] for task in tasks] == [*wanted]

    def is_spooled() -> bool:
        found = home.glob("spool/machines/*/*/reports.jsonl")
        return any('"Completed"' in spool.read_text() for spool in found)

    ports = [process.port for process in fleet.server.processes.values()]
    with balancing(ports[:1]) as network:
        fleet.environment["WINDLASS_API_URL"] = f"{network.url}/api"
        worker = fleet.start_worker("--type", "process")
        run = fleet.run(fleet.deploy(ENDING, tmp_path), folder=str(tmp_path))
        of_run = {"id": {"any_": [run]}}
        wait_until(lambda: are("RUNNING", "RUNNING"), description="both tasks to begin")
        process = fleet.pid(run)
        network.refuse("/")
        (tmp_path / "go").touch()
        wait_until(is_spooled, timeout=20, description="the end of a task to be on disk")
        worker.kill()
        os.kill(process, signal.SIGKILL)
        assert fleet.until_state(run)["type"] == "CRASHED"
        wait_until(lambda: are("CRASHED", "CRASHED"), description="both tasks to be given up")
        network.refused.clear()
        fleet.start_worker("--type", "process")
        wait_until(lambda: are("CRASHED", "COMPLETED"), description="the truth to come out")


def test_another_worker_takes_what_a_dead_one_had_not_started(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    deployment = fleet.deploy(SLEEPING, tmp_path)
    worker.kill()
    fleet.start_worker("--type", "process")
    run = fleet.run(deployment)
    fleet.until_state(run, "RUNNING")
    os.kill(fleet.pid(run), signal.SIGKILL)
    assert fleet.until_state(run)["type"] == "CRASHED"


def test_a_run_that_lost_its_machine_is_begun_anew_where_its_pool_says_so(
    fleet: Fleet, tmp_path: Path
) -> None:
    worker = fleet.start_worker("--type", "process")
    with fleet.server.http() as client:
        policy = {"infrastructure_retry": {"max_retries": 1, "delay_seconds": 0}}
        client.patch(f"work_pools/{fleet.pool}", json=policy).raise_for_status()
    run = fleet.run(fleet.deploy(FIRST_LOST, tmp_path), folder=str(tmp_path))
    wait_until((tmp_path / "began").exists, description="the first execution to begin")
    process = fleet.pid(run)
    worker.kill()
    os.kill(process, signal.SIGKILL)
    fleet.start_worker("--type", "process")
    assert fleet.until_state(run)["type"] == "COMPLETED"
    begun = ["Scheduled", "Pending", "Running", "Crashed", "AwaitingRetry"]
    assert fleet.history(run) == [*begun, "Pending", "Running", "Completed"]


def test_a_run_that_is_cut_off_stops_before_it_is_begun_anew(fleet: Fleet, tmp_path: Path) -> None:
    ports = [process.port for process in fleet.server.processes.values()]
    with balancing(ports[:1]) as network:
        fleet.environment = {"WINDLASS_API_URL": f"{network.url}/api"}
        worker = fleet.start_worker("--type", "process")
        deployment = fleet.deploy(
            FIRST_LOST, tmp_path, infrastructure_retry={"max_retries": 1, "delay_seconds": 0}
        )
        run = fleet.run(deployment, folder=str(tmp_path))
        wait_until((tmp_path / "began").exists, description="the first execution to begin")
        process = psutil.Process(fleet.pid(run))
        network.refuse("/")
        wait_until(lambda: not _is_at_work(process), description="the first process to stop")
        assert fleet.state(run)["type"] in ("RUNNING", "SCHEDULED")
        worker.kill()
        fleet.environment = {}
        fleet.start_worker("--type", "process")
        assert fleet.until_state(run)["type"] == "COMPLETED"


def _is_at_work(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
