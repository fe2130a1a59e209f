"""What is known about processes, and how a whole family of them is ended."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from tests.support.waiting import wait_until
from windlass.ids import uuid7
from windlass_workers.process.processes import family, is_alive, know, until_over
from windlass_workers.process.stopping import stop_family

RUN = str(uuid7())
MARKER = f"WINDLASS_TEST_RUN={RUN}"
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with start(*SLEEP) as process:
        yield process
        process.kill()


def test_a_process_that_runs_is_alive_and_one_that_ended_is_not(
    sleeper: subprocess.Popen[bytes],
) -> None:
    known = know(sleeper.pid)
    assert is_alive(known)
    sleeper.kill()
    wait_until(lambda: not is_alive(known), description="the end, seen before the zombie is reaped")
    sleeper.wait()
    assert not is_alive(known)


def test_another_process_with_the_same_number_is_not_the_one(
    sleeper: subprocess.Popen[bytes],
) -> None:
    known = know(sleeper.pid)
    assert known.start_time is not None
    earlier = replace(known, start_time=known.start_time - 1)
    assert not is_alive(earlier)
    assert family(earlier, MARKER) == set()


async def test_the_end_of_a_process_that_is_no_child_is_noticed(tmp_path: Path) -> None:
    shell = f"{shlex.join(SLEEP)} >/dev/null & echo $!"
    made = await anyio.run_process(["sh", "-c", shell], stderr=None)
    known = know(int(made.stdout))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_over, known)
        await anyio.wait_all_tasks_blocked()
        os.kill(known.pid, signal.SIGKILL)


async def test_the_end_of_a_process_that_is_gone_is_known_at_once() -> None:
    process = start("true")
    known = know(process.pid)
    process.wait()
    await until_over(known)


def start(*command: str, **environment: str) -> subprocess.Popen[bytes]:
    """A process that leads a session, as one of a run does."""
    return subprocess.Popen(command, start_new_session=True, env={**os.environ, **environment})


def descendants_of(pids_file: Path, count: int) -> list[int]:
    def all_written() -> list[int] | None:
        pids = [int(line) for line in pids_file.read_text().split()] if pids_file.exists() else []
        return pids if len(pids) == count else None

    return wait_until(all_written, description="every descendant to say its number") or []


async def test_a_daemon_that_left_the_session_is_ended_too(tmp_path: Path) -> None:
    """A shell starts a shell, which starts a process with a session of its own and goes away."""
    pids = tmp_path / "pids"
    say = f"echo $$ >> {pids}; exec sleep 60"
    inner = f"echo $$ >> {pids}; setsid sh -c {shlex.quote(say)} & exit 0"
    outer = f"echo $$ >> {pids}; sh -c {shlex.quote(inner)}; exec sleep 60"
    leader = start("sh", "-c", outer, WINDLASS_TEST_RUN=RUN)
    everyone = descendants_of(pids, 3)
    daemon = everyone[2]
    assert os.getsid(daemon) == daemon
    assert family(know(leader.pid), MARKER) == {leader.pid, daemon}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, leader.wait)
        await stop_family(know(leader.pid), MARKER, timedelta(minutes=1))
    assert not is_alive(know(daemon))


async def test_the_rest_of_a_session_is_ended_when_its_leader_is_gone(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = f"echo $$ >> {pids}; exec sleep 60"
    leader = start("sh", "-c", f"sh -c {shlex.quote(child)} & exit 0")
    known = know(leader.pid)
    leader.wait()
    (left,) = descendants_of(pids, 1)
    assert family(known, MARKER) == {left}
    await stop_family(known, MARKER, timedelta())
    assert not is_alive(know(left))


async def test_a_descendant_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    deaf = f"trap '' TERM; echo $$ >> {pids}; sleep 60 & wait; sleep 60"
    leader = start("sh", "-c", deaf)
    descendants_of(pids, 1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, leader.wait)
        await stop_family(know(leader.pid), MARKER, timedelta(milliseconds=50))
    assert leader.returncode == -signal.SIGKILL
