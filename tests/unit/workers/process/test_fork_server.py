"""The fork server: what it hands down to runs, what it keeps from them, and what outlives it."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.claimed_runs import claimed_run
from tests.support.waiting import await_until
from windlass_workers.process.directories import claim_as_json
from windlass_workers.process.fork_server.client import ForkServer, ForkServerGone
from windlass_workers.process.fork_server.messages import encode_job
from windlass_workers.process.processes import Known, is_alive, know, read_stat

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux only")

FACTS = """
import json, os, random, signal, sys, threading
from pathlib import Path

facts = {{
    "environment": dict(os.environ),
    "directory": os.getcwd(),
    "first_on_path": sys.path[0],
    "session": os.getsid(0) == os.getpid(),
    "open": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],
    "threads": threading.active_count(),
    "server_threads": [
        line for line in Path(f"/proc/{{os.getppid()}}/status").read_text().splitlines()
        if line.startswith("Threads:")
    ],
    "random": random.random(),
    "handlers": [
        signal.getsignal(number) is signal.SIG_DFL for number in (signal.SIGCHLD, signal.SIGTERM)
    ],
    "loaded": sorted(sys.modules),
}}
Path({to!r}).write_text(json.dumps(facts))
sys.exit({code})
"""
SLEEPING = """
import time
from pathlib import Path
Path({begun!r}).touch()
time.sleep(60)
"""


@pytest.fixture
async def server() -> AsyncIterator[ForkServer]:
    made = ForkServer()
    async with anyio.create_task_group() as background:
        await background.start(made.work)
        yield made
        background.cancel_scope.cancel()


async def fork(server: ForkServer, folder: Path, program: str, **environment: str) -> Known:
    file = folder / "program.py"
    file.write_text(program)
    claim = claim_as_json(claimed_run(entrypoint=f"{file}:a_flow"))
    return await server.fork(encode_job(claim, environment, str(folder)), 1, 2)


async def facts_of_a_run(server: ForkServer, folder: Path, **environment: str) -> dict[str, Any]:
    to = folder / "facts.json"
    process = await fork(server, folder, FACTS.format(to=str(to), code=0), **environment)
    assert await server.wait(process) == 0
    return json.loads(to.read_text())


async def test_the_server_has_one_thread_when_it_forks(server: ForkServer, tmp_path: Path) -> None:
    facts = await facts_of_a_run(server, tmp_path)
    assert facts["server_threads"] == ["Threads:\t1"]
    assert facts["threads"] == 1


async def test_a_run_sees_the_environment_of_its_job_and_no_other(
    server: ForkServer, tmp_path: Path
) -> None:
    facts = await facts_of_a_run(server, tmp_path, COLOUR="teal")
    assert facts["environment"].pop("WINDLASS__EXECUTION_ID")  # it speaks for its execution
    assert facts["environment"] == {"COLOUR": "teal"}


async def test_a_run_is_where_its_job_says_and_leads_a_session(
    server: ForkServer, tmp_path: Path
) -> None:
    facts = await facts_of_a_run(server, tmp_path)
    assert facts["directory"] == str(tmp_path)
    assert facts["session"]


async def test_nothing_of_the_server_is_open_in_a_run(server: ForkServer, tmp_path: Path) -> None:
    facts = await facts_of_a_run(server, tmp_path)
    assert facts["open"] == [0, 1, 2]
    assert facts["handlers"] == [True, True]


async def test_two_runs_do_not_have_the_same_random_numbers(
    server: ForkServer, tmp_path: Path
) -> None:
    first = await facts_of_a_run(server, tmp_path)
    second = await facts_of_a_run(server, tmp_path)
    assert first["random"] != second["random"]


async def test_a_run_finds_what_it_needs_loaded_already(server: ForkServer, tmp_path: Path) -> None:
    facts = await facts_of_a_run(server, tmp_path)
    wanted = {"windlass.flows", "windlass.engine.entry", "httpcore", "pydantic"}
    assert wanted <= set(facts["loaded"])


async def test_the_status_of_a_run_is_that_of_its_process(
    server: ForkServer, tmp_path: Path
) -> None:
    program = FACTS.format(to=str(tmp_path / "facts"), code=3)
    process = await fork(server, tmp_path, program)
    status = await server.wait(process)
    assert status is not None
    assert os.waitstatus_to_exitcode(status) == 3


async def sleeping(server: ForkServer, folder: Path) -> Known:
    begun = folder / "begun"
    process = await fork(server, folder, SLEEPING.format(begun=str(begun)))

    async def has_begun() -> bool:
        return begun.exists()

    await await_until(has_begun, description="the run to begin")
    return process


async def test_runs_outlive_the_fork_server_and_another_one_takes_its_place(
    server: ForkServer, tmp_path: Path
) -> None:
    process = await sleeping(server, tmp_path)
    os.kill(parent_of(process).pid, signal.SIGKILL)

    async def works_again() -> bool:
        try:
            await facts_of_a_run(server, tmp_path)
        except ForkServerGone:
            return False
        return True

    await await_until(works_again, description="another fork server")
    assert is_alive(process)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(os_kill, process.pid)
        assert await server.wait(process) is None


async def test_a_fork_server_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(ForkServerGone):
        await fork(ForkServer(), tmp_path, "")


async def test_the_fork_server_ends_with_its_agent(tmp_path: Path) -> None:
    server, started = ForkServer(), list[Known]()
    async with anyio.create_task_group() as background:
        await background.start(server.work)
        started.append(await sleeping(server, tmp_path))
        started.append(parent_of(started[0]))
        background.cancel_scope.cancel()
    process, parent = started
    assert not is_alive(parent)
    assert is_alive(process)
    await os_kill(process.pid)


def parent_of(process: Known) -> Known:
    stat = read_stat(process.pid)
    assert stat is not None
    return know(stat.parent)


async def os_kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
