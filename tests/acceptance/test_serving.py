"""`windlass flow serve` and `serve`: a process that takes the runs of its deployments."""

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command import CommandProcess, done, python_process, windlass_process
from tests.support.waiting import wait_until
from windlass.ids import uuid7

FLOWS = """\
import os, signal, sys, time
from windlass import flow, serve

@flow(name="{name}")
def work(seconds: float = 0, how: str = "well") -> None:
    print("working", flush=True)
    time.sleep(seconds)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    serve(work.to_deployment("a"), work.to_deployment("b", interval=3600), limit=1)
"""
SETTINGS = {"WINDLASS_RUNNER_POLL_FREQUENCY": "0.2"}


@pytest.fixture
def flow_name(api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A flow of its own name, in a file of the working directory."""
    del api
    name = f"work-{uuid7()}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(FLOWS.format(name=name))
    return name


def start(full_name: str, *parameters: str) -> str:
    """The id of a run of a deployment."""
    options = [option for each in parameters for option in ("--param", each)]
    said = done("deployment", "run", full_name, *options).out
    return said.split("(", 1)[1].split(")", 1)[0]


def state(id: str) -> dict[str, Any]:
    """The state of a run."""
    return done("flow-run", "inspect", id, "-o", "json").json["state"]


def wait_for(id: str, name: str) -> None:
    """Wait until a run is in the state of this name."""
    wait_until(lambda: state(id)["name"] == name, timeout=25, description=f"the run to be {name}")


def test_runs_are_carried_out_until_it_is_stopped(flow_name: str) -> None:
    command = ("flow", "serve", "flows.py:work", "-n", "a", "--interval", "3600", "--tag", "t")
    with windlass_process(Path("log"), *command, **SETTINGS) as process:
        wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
        wait_for(start(f"{flow_name}/a"), "Completed")
        lingering = start(f"{flow_name}/a", "seconds=60")
        wait_for(lingering, "Running")
        assert process.interrupt() == 0
    assert state(lingering)["name"] == "Crashed"
    deployment = done("deployment", "inspect", f"{flow_name}/a", "-o", "json").json
    assert deployment["paused"]
    assert (deployment["tags"], deployment["work_pool_name"]) == (["t"], None)


def test_a_run_is_cancelled_from_outside(flow_name: str) -> None:
    with windlass_process(Path("log"), *_serve(), **SETTINGS) as process:
        id = _running(process, flow_name)
        done("flow-run", "cancel", id)
        wait_for(id, "Cancelled")


def test_a_run_whose_process_is_killed_crashes(flow_name: str) -> None:
    with windlass_process(Path("log"), *_serve(), **SETTINGS) as process:
        wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
        id = start(f"{flow_name}/a", "how=killed")
        wait_for(id, "Crashed")
        assert "status -9" in state(id)["message"]
        wait_for(start(f"{flow_name}/a"), "Completed")


def test_schedules_go_on_where_they_shall(flow_name: str) -> None:
    command = _serve("--cron", "@daily", "--no-pause-on-shutdown")
    with windlass_process(Path("log"), *command, **SETTINGS) as process:
        wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
        assert process.interrupt() == 0
    deployment = done("deployment", "inspect", f"{flow_name}/a", "-o", "json").json
    assert not deployment["paused"]


def test_a_program_serves_several_deployments(flow_name: str, free_port: str) -> None:
    settings = {
        **SETTINGS,
        "WINDLASS_RUNNER_SERVER_ENABLE": "true",
        "WINDLASS_RUNNER_SERVER_HOST": "127.0.0.1",
        "WINDLASS_RUNNER_SERVER_PORT": free_port,
    }
    with python_process(Path("log"), "flows.py", **settings) as process:
        wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
        ids = [start(f"{flow_name}/{name}") for name in ("a", "b")]
        for id in ids:
            wait_for(id, "Completed")
        health = httpx.get(f"http://127.0.0.1:{free_port}/health")
        assert (health.status_code, health.json()) == (200, {"message": "OK"})
        process.running.send_signal(signal.SIGTERM)
        assert process.running.wait(20) == 0


def _serve(*options: str) -> tuple[str, ...]:
    return ("flow", "serve", "flows.py:work", "--name", "a", *options)


def _running(process: CommandProcess, flow_name: str) -> str:
    wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
    id = start(f"{flow_name}/a", "seconds=60")
    wait_for(id, "Running")
    return id
