"""The API is away for a while: runs live through it, and what they did is all told afterwards."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.waiting import wait_until
from tests.support.windlass_server import Backend, WindlassServer
from windlass.ids import uuid7

STEPS = """
import time
from pathlib import Path
from windlass import flow, get_run_logger, task

FOLDER = Path(__file__).parent

def gate(name):
    (FOLDER / f"{name}.reached").touch()
    while not (FOLDER / f"{name}.open").exists():
        time.sleep(0.01)

gate("loading")

@task(task_run_name="step-{number}")
def step(number):
    get_run_logger().info("step %d", number)

@flow
def a_flow():
    for number in range(4):
        step(number)
    gate("before")
    for number in range(4, 8):
        step(number)
    gate("meanwhile")
    for number in range(8, 12):
        step(number)
    gate("end")
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A worker, the home of its machine, and a flow that stops at gates until they are opened."""

    server: WindlassServer
    fleet: Fleet
    folder: Path

    def start(self) -> str:
        """A run of the flow; its id."""
        return self.fleet.run(self.fleet.deploy(STEPS, self.folder))

    def until(self, gate: str) -> None:
        path = self.folder / f"{gate}.reached"
        wait_until(path.exists, description=f"the run to be at the gate {gate!r}")

    def open(self, *gates: str) -> None:
        for gate in gates:
            (self.folder / f"{gate}.open").touch()

    def kill_api(self) -> None:
        self.server.processes[self._api].kill()

    def until_asked_in_vain(self, run: str) -> None:
        """Where the API was, hang up on everybody, until the process of a run asks for something.
        Its worker never names it."""
        address = ("127.0.0.1", self.server.processes[self._api].port)
        with socket.create_server(address) as listener:
            listener.settimeout(20)
            wait_until(lambda: run in _request(listener), description="the run to ask in vain")

    def start_api(self) -> None:
        """Start it, unless it runs."""
        if self.server.processes[self._api].running is None:
            self.server.start(self._api)

    def until_spooled(self, step: int) -> None:
        """Until the log line of a step is on disk, and that it completed."""
        line, report = f"step {step}", f'"step-{step}"'
        wait_until(lambda: self._is_spooled("logs", line), description=f"{line} to be spooled")
        wait_until(
            lambda: self._is_spooled("reports", report, '"Completed"'),
            description=f"the end of {report} to be spooled",
        )

    def steps_told(self, run: str) -> list[str]:
        return [line for line in self.fleet.logs(run) if line.startswith("step ")]

    def task_runs(self, run: str) -> list[dict[str, Any]]:
        asked = {"flow_runs": {"id": {"any_": [run]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return self.server.post("task_runs/filter", asked)

    def spools(self) -> list[Path]:
        return list((self.folder / "home" / "spool" / "machines").glob("*/*"))

    @property
    def _api(self) -> str:
        return "server" if self.server.backend is Backend.EMBEDDED else "api-1"

    def _is_spooled(self, route: str, *words: str) -> bool:
        files = [spool / f"{route}.jsonl" for spool in self.spools()]
        lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
        return any(all(word in line for word in words) for line in lines)


@pytest.fixture
def scene(windlass_server: WindlassServer, tmp_path: Path) -> Iterator[Scene]:
    fleet = Fleet(windlass_server, tmp_path, f"pool-{uuid7()}")
    fleet.environment = {
        "WINDLASS_HOME": str(tmp_path / "home"),
        "WINDLASS_LOGGING_TO_API_BATCH_INTERVAL": "0.2",
    }
    fleet.start_worker("--type", "process")
    scene = Scene(windlass_server, fleet, tmp_path)
    yield scene
    scene.start_api()
    fleet.end()


def _request(listener: socket.socket) -> str:
    """The first line of the request of whoever comes next; nobody answers it."""
    client, _ = listener.accept()
    with client, suppress(OSError):
        client.settimeout(1)
        return client.recv(4096).partition(b"\r")[0].decode()
    return ""


def test_a_run_lives_through_an_api_that_is_away_at_any_time(scene: Scene) -> None:
    run = scene.start()
    scene.until("loading")
    scene.kill_api()
    scene.open("loading")
    scene.until_asked_in_vain(run)
    scene.start_api()
    scene.until("before")
    scene.kill_api()
    scene.open("before")
    scene.until_spooled(7)
    scene.start_api()
    scene.open("meanwhile")
    scene.until("end")
    scene.kill_api()
    scene.open("end")
    scene.until_asked_in_vain(run)
    scene.start_api()

    assert scene.fleet.until_state(run)["type"] == "COMPLETED"
    wait_until(lambda: len(scene.steps_told(run)) >= 12, description="the last log lines")
    assert scene.steps_told(run) == [f"step {number}" for number in range(12)]
    # What was spooled is sent beside the last state, and may come after it.
    wait_until(
        lambda: [one["state_type"] for one in scene.task_runs(run)] == ["COMPLETED"] * 12,
        description="every task run to be told of",
    )
    assert scene.fleet.history(run)[-1] == "Completed"
    wait_until(lambda: not scene.spools(), description="the spool to be gone")


def test_what_a_run_did_that_was_killed_while_the_api_was_away_is_told(scene: Scene) -> None:
    run = scene.start()
    scene.open("loading")
    scene.until("before")
    process = scene.fleet.pid(run)
    scene.kill_api()
    scene.open("before")
    scene.until_spooled(7)
    scene.until("meanwhile")
    os.kill(process, signal.SIGKILL)
    scene.start_api()

    assert scene.fleet.until_state(run)["type"] == "CRASHED"
    assert scene.steps_told(run) == [f"step {number}" for number in range(8)]
    assert [one["state_type"] for one in scene.task_runs(run)] == ["COMPLETED"] * 8
    assert scene.spools() == []
