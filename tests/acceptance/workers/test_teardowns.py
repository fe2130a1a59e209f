"""What is left of a run that is over is ended: by another worker where its own is gone."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.command import done
from tests.support.waiting import wait_until

STUBBORN = """
import signal, time
from pathlib import Path
from windlass import flow

@flow
def a_flow(folder: str):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(folder, "began").touch()
    while True:
        time.sleep(1)
"""

SUSPENDED = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}}


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """A server that does not wait long for who is to be cancelled."""
    return {"WINDLASS_SERVER_CANCEL_DEADLINE_SECONDS": "1"}


@pytest.fixture
def stubborn(fleet: Fleet, tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A run whose worker was killed, and its process, which goes on."""
    worker = fleet.start_worker("--type", "process")
    run = fleet.run(fleet.deploy(STUBBORN, tmp_path), folder=str(tmp_path))
    wait_until((tmp_path / "began").exists, description="the run to begin")
    process = psutil.Process(fleet.pid(run))
    worker.kill()
    yield run, process
    if process.is_running():
        process.kill()


@pytest.mark.usefixtures("api")
def test_a_run_that_nobody_stops_is_cancelled_and_its_process_ended_by_another_worker(
    fleet: Fleet, stubborn: tuple[str, psutil.Process], tmp_path: Path
) -> None:
    run, process = stubborn
    fleet.server.post(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert fleet.until_state(run)["type"] == "CANCELLED"
    assert process.status() != psutil.STATUS_ZOMBIE, "it hears neither the server nor SIGTERM"
    # With another home: it finds no record of the run, and knows only what the server tells it.
    fleet.environment = {"WINDLASS_HOME": str(tmp_path / "elsewhere")}
    other = fleet.start_worker("--type", "process")
    wait_until(lambda: not _is_at_work(process), timeout=20, description="the process to end")
    said = f"Nothing is left of the execution {run}.1"
    wait_until(lambda: other.said(said), description="the teardown to be done")
    taken = {"worker_name": "a-test", "place": "anywhere", "limit": 10}
    path = f"work_pools/{fleet.pool}/teardowns/take"
    assert fleet.server.post(path, taken) == {"teardowns": []}
    assert done("server", "dead-letters", "ls", "--topic", "teardowns", "-o", "json").json == []
    assert fleet.history(run)[-2:] == ["Cancelling", "Cancelled"]


def test_a_run_that_is_deleted_or_suspended_leaves_no_process(fleet: Fleet, tmp_path: Path) -> None:
    fleet.environment = {"WINDLASS_WORKER_HEARTBEAT_SECONDS": "0.5"}
    worker = fleet.start_worker("--type", "process")
    folders = [tmp_path / name for name in ("deleted", "suspended")]
    for folder in folders:
        folder.mkdir()
    runs = [fleet.run(fleet.deploy(STUBBORN, folder), folder=str(folder)) for folder in folders]
    for folder in folders:
        wait_until((folder / "began").exists, description=f"the {folder.name} run to begin")
    processes = [psutil.Process(fleet.pid(run)) for run in runs]
    deleted, suspended = runs
    with fleet.server.http() as client:
        client.delete(f"flow_runs/{deleted}").raise_for_status()
    answer = fleet.server.post(f"flow_runs/{suspended}/set_state", {"state": SUSPENDED})
    assert answer["status"] == "ACCEPT"
    for run, process in zip(runs, processes, strict=True):
        wait_until(lambda p=process: not _is_at_work(p), timeout=20, description="the end of it")
        said = f"Nothing is left of the execution {run}.1"
        wait_until(lambda said=said: worker.said(said), description="the teardown to be done")
    assert fleet.state(suspended)["name"] == "Suspended"


def _is_at_work(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
