"""A machine that dies takes its worker and its runs with it: the server notices."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.windlass_server import Backend, make_windlass_server

SLEEPING = """
import time
from windlass import flow

@flow
def a_flow():
    time.sleep(3600)
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A worker on a server that is quick to miss somebody."""
    settings = {"WINDLASS_SERVER_LEASE_SECONDS": "1"}
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "server", settings)
    server.start()
    fleet = Fleet(server, tmp_path, "a-pool")
    yield fleet
    fleet.end()
    server.stop()


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
