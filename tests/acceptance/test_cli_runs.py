"""A worker of `windlass worker start` carries out runs; `windlass flow-run` looks at them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import CommandProcess, done, windlass, windlass_process
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.deployments import arun_deployment, run_deployment
from windlass.ids import uuid7

FLOWS = """\
import time
from windlass import flow, get_run_logger
from windlass.deployments import run_deployment

@flow
def greet(name: str = "world") -> str:
    get_run_logger().warning(f"Hello, {name}!")
    return name

@flow
def fail() -> None:
    raise ValueError("It is broken.")

@flow
def linger() -> None:
    print("lingering", flush=True)
    time.sleep(60)

@flow
def lead(name: str) -> str:
    return run_deployment(name, timeout=20).state_name
"""


@pytest.fixture(scope="module")
def pool_at_work(
    windlass_server: WindlassServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, CommandProcess]]:
    """A pool, and the worker that takes its runs."""
    folder = tmp_path_factory.mktemp("worker")
    pool = f"pool-{uuid7()}"
    command = ("worker", "start", "--pool", pool, "--type", "process", "--name", "w")
    settings = {
        "WINDLASS_API_URL": windlass_server.api_url,
        "WINDLASS_HOME": str(folder / "home"),
        "WINDLASS_WORKER_QUERY_SECONDS": "1",
    }
    with windlass_process(folder / "worker.log", *command, **settings) as worker:
        wait_until(lambda: worker.said("started!"), timeout=20, description="the worker to start")
        yield pool, worker


@pytest.fixture
def flows(
    api: str,
    pool_at_work: tuple[str, CommandProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every flow above is deployed to the pool as `here`."""
    del api
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(FLOWS)
    for name in ("greet", "fail", "linger", "lead"):
        done("deploy", f"flows.py:{name}", "--name", "here", "--pool", pool_at_work[0])


def start(name: str, *options: str) -> str:
    """The id of a run of a deployment."""
    said = done("deployment", "run", f"{name}/here", *options).out
    return said.split("(", 1)[1].split(")", 1)[0]


def shown(id: str) -> dict[str, Any]:
    """The run as the server has it."""
    return done("flow-run", "inspect", id, "--output", "json").json


@pytest.mark.usefixtures("flows")
def test_a_run_is_watched_to_its_end() -> None:
    said = done("deployment", "run", "greet/here", "--param", "name=Ada", "--watch").out
    lines = said.splitlines()
    states = [line.split("| STATE   | ")[1] for line in lines if "| STATE" in line]
    assert (states[0], states[-1]) == ("Scheduled", "Completed")
    assert any("| WARNING | " in line and line.endswith("Hello, Ada!") for line in lines)
    assert lines[-1].endswith("completed.")


@pytest.mark.usefixtures("flows")
def test_watching_a_run_that_fails_fails() -> None:
    said = windlass("deployment", "run", "fail/here", "--watch")
    assert said.code == 1
    assert "ended Failed" in said.err
    assert "It is broken." in said.out


@pytest.mark.usefixtures("flows")
def test_watching_can_be_given_up() -> None:
    said = windlass(
        *("deployment", "run", "greet/here", "--start-in", "1 hour"),
        *("--watch", "--watch-interval", "0.05", "--watch-timeout", "0.1"),
    )
    assert said.code == 1
    assert "is not finished after 0.1 seconds" in said.err


@pytest.mark.usefixtures("flows")
def test_the_logs_of_a_run_are_shown_in_parts() -> None:
    id = start("greet")
    done("flow-run", "watch", id)
    everything = done("flow-run", "logs", id).out.splitlines()
    assert len(everything) >= 3
    assert done("flow-run", "logs", id, "--head", "-n", "1").out.splitlines() == everything[:1]
    assert done("flow-run", "logs", id, "--tail", "-n", "2").out.splitlines() == everything[-2:]
    assert done("flow-run", "logs", id, "--reverse").out.splitlines() == everything[::-1]
    assert done("flow-run", "logs", id, "--follow").out.splitlines() == everything
    assert windlass("flow-run", "logs", id, "--head", "--tail").code == 2


@pytest.mark.usefixtures("flows")
def test_a_run_under_way_is_cancelled() -> None:
    id = start("linger")
    wait_until(
        lambda: shown(id)["state_name"] == "Running", timeout=20, description="the run to start"
    )
    assert "is being cancelled" in done("flow-run", "cancel", id).out
    assert windlass("flow-run", "watch", id, "--timeout", "25").code == 1
    assert shown(id)["state_name"] == "Cancelled"
    again = windlass("flow-run", "cancel", start("greet", "--start-in", "1h"))
    assert "is cancelled" in again.out


@pytest.mark.usefixtures("flows")
def test_a_finished_run_cannot_be_cancelled() -> None:
    id = start("greet")
    done("flow-run", "watch", id)
    said = windlass("flow-run", "cancel", id)
    assert said.code == 1
    assert "cannot be cancelled: it is Completed" in said.err


@pytest.mark.usefixtures("flows")
def test_runs_are_listed_by_flow_and_state() -> None:
    id = start("greet", "--start-in", "1h", "--flow-run-name", "[bold]late riser")
    options = ("--flow-name", "greet", "--state", "SCHEDULED", "--state-type", "scheduled")
    listed = done("flow-run", "ls", *options, "-o", "json").json
    assert id in {each["id"] for each in listed}
    assert "[bold]late riser" in done("flow-run", "ls", *options).out
    assert windlass("flow-run", "ls", "--state-type", "NONE").code == 2
    done("flow-run", "delete", id)
    assert windlass("flow-run", "inspect", id).code == 1


@pytest.mark.usefixtures("flows")
def test_a_run_is_carried_out_in_place_of_a_worker(pool: str) -> None:
    done("deploy", "flows.py:greet", "--name", "here", "--pool", pool)
    id = start("greet")
    with windlass_process(Path("log"), "flow-run", "execute", id) as process:
        assert process.running.wait(20) == 0
    assert (shown(id)["state_name"], shown(id)["run_count"]) == ("Completed", 1)
    said = windlass("flow-run", "execute", id)
    assert said.code == 1
    assert "cannot be started here" in said.err
    assert windlass("flow-run", "execute").code == 2


@pytest.mark.usefixtures("flows")
async def test_a_run_is_asked_for_in_python() -> None:
    run = await arun_deployment("greet/here", parameters={"name": "Ada"}, timeout=20)
    assert (run.state_name, run.parameters) == ("Completed", {"name": "Ada"})
    again = await arun_deployment("greet/here", timeout=0, idempotency_key=f"key-{uuid7()}")
    assert again.state_name == "Scheduled"


@pytest.mark.usefixtures("flows")
def test_a_run_of_a_flow_is_a_child_of_its_run() -> None:
    run = run_deployment("lead/here", parameters={"name": "greet/here"}, timeout=25)
    assert run.state_name == "Completed"
    children = done("flow-run", "ls", "--flow-name", "greet", "-o", "json").json
    assert any(each["parent_task_run_id"] for each in children)
