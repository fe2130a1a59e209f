"""`windlass shell`: commands of the shell as flows."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import done, windlass, windlass_process
from tests.support.waiting import wait_until
from windlass.engine.process import current_session
from windlass.ids import uuid7

SETTINGS = {"WINDLASS_RUNNER_POLL_FREQUENCY": "0.2"}


@pytest.fixture
def flow_name(api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name that no other flow has, in a working directory of its own."""
    del api
    monkeypatch.chdir(tmp_path)
    yield f"command-{uuid7()}"
    assert current_session().outbox.drain(10)


def run_of(flow_name: str) -> dict[str, Any] | None:
    """The one run of the flow that has begun, if there is one."""
    begun = ("--state-type", "RUNNING", "--state-type", "COMPLETED", "--state-type", "FAILED")
    runs = done("flow-run", "ls", "--flow-name", flow_name, *begun, "-o", "json").json
    return done("flow-run", "inspect", runs[0]["id"], "-o", "json").json if runs else None


def logged(flow_name: str) -> str:
    """What the run of the flow logged, as far as it is stored."""
    run = run_of(flow_name)
    return done("flow-run", "logs", run["id"]).out if run else ""


def is_there(process: int) -> bool:
    """Whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_is_watched_as_a_flow(flow_name: str) -> None:
    command = "echo out; echo err >&2; echo a-b | tr a-z A-Z"
    options = ("--flow-name", flow_name, "--flow-run-name", "first", "--tag", "a", "--tag", "b")
    done("shell", "watch", command, *options)
    run = run_of(flow_name)
    assert run is not None
    assert (run["name"], sorted(run["tags"]), run["state"]["type"]) == (
        "first",
        ["a", "b"],
        "COMPLETED",
    )
    wait_until(lambda: "A-B" in logged(flow_name), timeout=20, description="the log to be there")
    assert {"out", "err", "A-B"} <= set(logged(flow_name).split())


@pytest.mark.parametrize("stream", ["--stream-stdout", "--no-stream-stdout"])
def test_what_a_command_prints_can_stay_out_of_the_log(flow_name: str, stream: str) -> None:
    options = ("--flow-name", flow_name, "--no-log-output", stream)
    said = windlass("shell", "watch", "echo o-u-t; echo e-r-r >&2; exit 3", *options)
    assert (said.code, said.out) == (1, "o-u-t\n")
    assert "e-r-r\n" in said.err
    assert said.err.endswith("The command exited with status 3.\n")
    assert "Traceback" not in said.err
    run = run_of(flow_name)
    assert run is not None
    assert run["state"]["type"] == "FAILED"
    assert "o-u-t" not in logged(flow_name)


def test_what_a_command_started_is_ended_with_it(flow_name: str) -> None:
    script = "sleep 300 & echo $! > pid; echo waiting; wait"
    pid = Path("pid")
    with windlass_process(
        Path("log"), "shell", "watch", script, "--flow-name", flow_name
    ) as process:
        # What it prints is read: from then on it is looked after.
        wait_until(lambda: process.said("waiting\n"), timeout=20, description="the command to run")
        assert process.interrupt() != 0
    wait_until(lambda: not is_there(_read(pid)), timeout=10, description="it to be gone")


def test_a_command_is_served_until_it_is_stopped(flow_name: str, tmp_path: Path) -> None:
    options = ("--flow-name", flow_name, "--tag", "t", "--concurrency-limit", "2")
    schedule = ("--cron-schedule", "0 9 * * *", "--timezone", "Europe/Berlin")
    with windlass_process(
        Path("log"), "shell", "serve", "pwd", *options, *schedule, **SETTINGS
    ) as process:
        wait_until(lambda: process.said("Serving"), timeout=20, description="it to serve")
        name = f"{flow_name}/CLI Runner Deployment"
        deployment = done("deployment", "inspect", name, "-o", "json").json
        done("deployment", "run", name)
        wait_until(
            lambda: str(tmp_path) in logged(flow_name), timeout=25, description="the run's log"
        )
        assert process.interrupt() == 0
    assert (deployment["tags"], deployment["global_concurrency_limit"]["limit"]) == (["t"], 2)
    assert deployment["schedules"][0]["schedule"]["timezone"] == "Europe/Berlin"


def test_what_is_due_is_carried_out_once(flow_name: str) -> None:
    options = ("--flow-name", flow_name, "--deployment-name", "once", "--run-once")
    done("shell", "serve", "touch made", *options)
    assert not Path("made").exists()
    done("deployment", "run", f"{flow_name}/once")
    done("shell", "serve", "touch made", *options)
    assert Path("made").exists()


def test_half_of_a_schedule_is_refused() -> None:
    said = windlass("shell", "serve", "date", "--flow-name", "x", "--timezone", "UTC")
    assert said.code == 2
    assert "--timezone goes with --cron-schedule." in said.err


def _read(path: Path) -> int:
    return int(path.read_text() or 0) if path.exists() else 0
