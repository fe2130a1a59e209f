"""A machine that dies takes its worker and its runs with it: the server notices."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.windlass_server import WindlassServer

SLEEPING = """
import time
from windlass import flow

@flow
def a_flow():
    time.sleep(3600)
"""


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """A server that is quick to miss somebody."""
    return {"WINDLASS_SERVER_LEASE_SECONDS": "2"}


@pytest.fixture
def fleet(own_windlass_server: WindlassServer, tmp_path: Path) -> Iterator[Fleet]:
    """No worker yet, on a server of the test's own."""
    fleet = Fleet(own_windlass_server, tmp_path, "a-pool")
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


def test_another_worker_takes_what_a_dead_one_had_not_started(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    deployment = fleet.deploy(SLEEPING, tmp_path)
    worker.kill()
    fleet.start_worker("--type", "process")
    run = fleet.run(deployment)
    fleet.until_state(run, "RUNNING")
    os.kill(fleet.pid(run), signal.SIGKILL)
    assert fleet.until_state(run)["type"] == "CRASHED"
