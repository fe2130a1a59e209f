"""`windlass task-run` lists and looks at task runs, and shows their logs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.command import done, windlass
from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7

pytestmark = pytest.mark.usefixtures("api")

LINES = ["first", "second", "third"]


def made(server: WindlassServer, state: str, **fields: Any) -> dict[str, Any]:
    """A task run in a state of this type."""
    wanted = {"task_key": "k", "dynamic_key": str(uuid7()), "state": {"type": state}, **fields}
    return server.post("task_runs/", wanted)


def test_task_runs_are_listed_by_name_and_state(windlass_server: WindlassServer) -> None:
    name = f"run-{uuid7()}"
    running, pending = (made(windlass_server, state, name=name) for state in ("RUNNING", "PENDING"))
    listed = done("task-run", "ls", "--task-run-name", name, "--state", "running")
    assert running["id"] in listed.out
    assert pending["id"] not in listed.out
    command = ("task-run", "ls", "--task-run-name", name, "--state-type", "pending", "-o", "json")
    assert [run["id"] for run in done(*command).json] == [pending["id"]]
    everything = done("task-run", "ls", "--task-run-name", name, "-o", "json").json
    assert len(everything) == 2
    one = done("task-run", "ls", "--task-run-name", name, "--limit", "1", "-o", "json").json
    assert len(one) == 1


def test_a_task_run_is_inspected(windlass_server: WindlassServer) -> None:
    run = made(windlass_server, "RUNNING", name="looked-at")
    assert "looked-at" in done("task-run", "inspect", run["id"]).out
    assert done("task-run", "inspect", run["id"], "-o", "json").json["id"] == run["id"]
    assert windlass("task-run", "inspect", str(uuid7())).code == 1


def test_the_logs_of_a_task_run_are_shown_in_parts(windlass_server: WindlassServer) -> None:
    run = made(windlass_server, "RUNNING")
    now = datetime.now(UTC)
    records = [
        {
            "name": "n",
            "level": 20,
            "message": line,
            "timestamp": (now + timedelta(seconds=second)).isoformat(),
            "task_run_id": run["id"],
        }
        for second, line in enumerate(LINES)
    ]
    with windlass_server.http() as client:
        client.post("logs/", json=records).raise_for_status()

    def shown(*options: str) -> list[str]:
        lines = done("task-run", "logs", run["id"], *options).out.splitlines()
        return [line.rpartition(" - ")[2] for line in lines]

    assert shown() == LINES
    assert shown("--reverse") == LINES[::-1]
    assert shown("--head", "-n", "1") == ["first"]
    assert shown("--tail", "-n", "2") == ["second", "third"]
    assert windlass("task-run", "logs", run["id"], "--head", "--tail").code == 2
    assert windlass("task-run", "logs", str(uuid7())).code == 1
