"""Background tasks: delayed in one process, run by task workers in others, which may die."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import httpx
import pytest

from tests.support.command import (
    CommandProcess,
    done,
    python_process,
    windlass,
    windlass_process,
)
from tests.support.redis import flush
from tests.support.waiting import wait_until
from tests.support.windlass_server import BROKER_URL, Backend, WindlassServer
from windlass import Task, unmapped
from windlass.futures import WindlassDistributedFuture
from windlass.utilities.importtools import load_script_as_module

pytestmark = pytest.mark.timeout(180)

TASKS = """
import os, sys, time
from pathlib import Path
from windlass import task
from windlass.task_worker import serve

here = Path(__file__).parent

def until(name):
    while not (here / name).exists():
        time.sleep(0.01)

def note(what):
    with (here / "notes").open("a") as notes:
        notes.write(f"{what}\\n")

@task(log_prints=True)
def add(a, b):
    print(f"{a} + {b}")
    return a + b

@task
async def twice(number):
    return 2 * await add.delay(number, 0).result_async(30)

@task
def hold(number):
    note(f"{os.getpid()} {number}")
    until("go")
    return os.getpid()

@task(retries=1)
def persist(number):
    return hold.fn(number)

@task
async def block():
    note("blocking")
    until("go")

@task
def fail():
    raise ValueError("on purpose")

if __name__ == "__main__":
    limit, port = int(sys.argv[1]), int(sys.argv[2])
    serve(add, twice, hold, persist, block, fail, limit=limit, status_server_port=port or None)
"""

StartWorker: TypeAlias = Callable[..., AbstractContextManager[CommandProcess]]


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """A server that is quick to miss somebody."""
    return {"WINDLASS_SERVER_LEASE_SECONDS": "2"}


@pytest.fixture
def server(
    own_windlass_server: WindlassServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WindlassServer:
    """A server that this process and its task workers speak to."""
    monkeypatch.setenv("WINDLASS_API_URL", own_windlass_server.api_url)
    monkeypatch.setenv("WINDLASS_RESULTS_LOCAL_STORAGE_PATH", str(tmp_path / "results"))
    return own_windlass_server


@pytest.fixture
def tasks(server: WindlassServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the tasks, as the program that delays has it."""
    del server
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "jobs.py").write_text(TASKS)
    return load_script_as_module("jobs.py")


@pytest.fixture
def start(server: WindlassServer) -> StartWorker:
    """Starts a task worker, which speaks to the last replica."""

    def started(
        name: str, limit: int = 10, port: int | str = 0
    ) -> AbstractContextManager[CommandProcess]:
        settings = {"WINDLASS_API_URL": server.api_urls[-1]}
        return python_process(Path(name), "jobs.py", str(limit), str(port), **settings)

    return started


def begun() -> list[str]:
    """A line for each run of `hold` or `persist` that began: the process and the number."""
    notes = Path("notes")
    return notes.read_text().splitlines() if notes.exists() else []


def wait_for_begun(number: int) -> list[str]:
    wait_until(lambda: len(begun()) >= number, timeout=40, description=f"{number} to begin")
    return begun()


def state_of(server: WindlassServer, id: UUID) -> dict[str, Any]:
    return server.get(f"task_runs/{id}")["state"]


def history_of(server: WindlassServer, id: UUID) -> list[str]:
    return [one["name"] for one in server.get(f"task_run_states/?task_run_id={id}")]


def wait_for_state(server: WindlassServer, id: UUID, name: str) -> dict[str, Any]:
    wait_until(
        lambda: state_of(server, id)["name"] == name, timeout=40, description=f"{id} to be {name}"
    )
    return state_of(server, id)


def test_delayed_runs_are_carried_out_and_their_results_found(
    server: WindlassServer, tasks: Any, start: StartWorker
) -> None:
    add: Task[[int, int], int] = tasks.add
    first = add.delay(1, 2)
    assert first.state.name == "Scheduled"
    second = add.apply_async((first, 10))
    mapped = add.map([1, 2, 3], unmapped(4), deferred=True)
    nested: WindlassDistributedFuture[int] = tasks.twice.delay(21)
    failing = tasks.fail.delay()
    with start("log"):
        assert first.result(40) == 3
        assert second.result(40) == 13
        assert mapped.result(40) == [5, 6, 7]
        assert nested.result(40) == 42
        with pytest.raises(ValueError, match="on purpose"):
            failing.result(40)
    assert server.get(f"task_runs/{first.task_run_id}")["flow_run_id"] is None
    names = ["Scheduled", "Pending", "Running", "Completed"]
    assert history_of(server, first.task_run_id) == names
    inputs = server.get(f"task_runs/{second.task_run_id}")["task_inputs"]
    assert inputs["a"][0]["id"] == str(first.task_run_id)
    lines = server.post(
        "logs/filter", {"logs": {"task_run_id": {"any_": [str(first.task_run_id)]}}}
    )
    assert "1 + 2" in [line["message"] for line in lines]


def test_two_workers_share_the_runs_up_to_their_limits(
    server: WindlassServer, tasks: Any, start: StartWorker, free_port: str
) -> None:
    del server
    with start("one", 2, free_port), start("other", 1):
        futures = tasks.hold.map(range(6), deferred=True)
        by_process = [line.split()[0] for line in wait_for_begun(3)]
        assert sorted(by_process.count(one) for one in set(by_process)) == [1, 2]
        status = httpx.get(f"http://127.0.0.1:{free_port}/status").json()
        assert (status["limit"], status["current_tasks"], status["available_tasks"]) == (2, 2, 0)
        assert len(begun()) == 3
        Path("go").touch()
        assert set(futures.result(40)) == {int(process) for process in by_process}
    assert len(begun()) == 6


def test_what_a_killed_worker_had_begun_crashes_or_is_tried_again(
    server: WindlassServer, tasks: Any, start: StartWorker
) -> None:
    crashing, retried = tasks.hold.delay(1), tasks.persist.delay(2)
    with start("doomed") as doomed:
        wait_for_begun(2)
        wait_for_state(server, crashing.task_run_id, "Running")
        wait_for_state(server, retried.task_run_id, "Running")
        os.kill(doomed.running.pid, signal.SIGKILL)
        doomed.running.wait(10)
        with start("successor") as successor:
            crashed = wait_for_state(server, crashing.task_run_id, "Crashed")
            assert "is gone" in crashed["message"]
            wait_for_begun(3)
            Path("go").touch()
            assert retried.result(40) == successor.running.pid
    assert [line.split()[1] for line in begun()].count("1") == 1
    assert history_of(server, retried.task_run_id) == [
        *("Scheduled", "Pending", "Running"),
        *("AwaitingRetry", "Pending", "Retrying", "Completed"),
    ]
    events = server.post(
        "events/filter",
        {"filter": {"resource": {"id": [f"prefect.task-run.{crashing.task_run_id}"]}}},
    )
    assert "prefect.task-run.Crashed" in [one["event"] for one in events["events"]]


def test_a_worker_keeps_what_it_has_while_it_stops_and_while_a_task_blocks(
    server: WindlassServer, tasks: Any, start: StartWorker
) -> None:
    with start("one", 2) as worker:
        held, blocking = tasks.hold.delay(1), tasks.block.delay()
        wait_for_begun(2)
        worker.running.send_signal(signal.SIGTERM)
        wait_until(lambda: worker.said("Taking no more"), timeout=40, description="it to stop")
        lost = tasks.hold.delay(3)
        with start("doomed", 1) as doomed:
            wait_for_begun(3)
            wait_for_state(server, lost.task_run_id, "Running")
            doomed.running.kill()
            doomed.running.wait(10)
        # As long as it takes to miss a worker, this one is not missed.
        wait_for_state(server, lost.task_run_id, "Crashed")
        waiting = tasks.hold.delay(4)
        assert held.state.name == blocking.state.name == "Running"
        Path("go").touch()
        assert worker.running.wait(40) == 0
    assert held.result(40) == worker.running.pid
    assert blocking.state.name == "Completed"
    assert waiting.state.name == "Scheduled"


def test_nothing_is_lost_with_all_of_redis_or_a_server_that_is_killed(
    server: WindlassServer, tasks: Any, start: StartWorker
) -> None:
    before = tasks.add.delay(1, 1)
    if server.backend is Backend.SERVICES:
        flush(next(iter(server.processes.values())).environment[BROKER_URL])
    with start("worker"):
        assert before.result(40) == 2
        for process in [
            p for p in server.processes.values() if not p.services or "api" in p.services
        ]:
            process.kill()
            server.start(process.name)
        assert tasks.add.delay(2, 2).result(40) == 4


def test_the_command_serves_tasks_of_files_and_modules(server: WindlassServer, tasks: Any) -> None:
    del server
    future = tasks.add.delay(20, 22)
    with windlass_process(Path("log"), "task", "serve", "./jobs.py:add", "--limit", "2") as process:
        assert future.result(40) == 42
        assert process.interrupt() == 0
    with windlass_process(Path("log"), "task", "serve", "-m", "jobs"):
        assert tasks.add.delay(1, 2).result(40) == 3


def test_the_command_says_what_it_cannot_serve(server: WindlassServer, tasks: Any) -> None:
    del server, tasks
    done("task", "serve", "--help")
    assert windlass("task", "serve").code == 2
    for wrong in ("jobs.py:nothing", "jobs.py:here", "nowhere.py:add", "nowhere:add"):
        said = windlass("task", "serve", wrong)
        assert (said.code, wrong in said.err) == (1, True)
    assert "no tasks" in windlass("task", "serve", "-m", "json").err
