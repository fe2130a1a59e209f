"""Ending the process of a handle that another worker made: that one, and no stranger."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.waiting import wait_until
from windlass.ids import uuid7
from windlass.schemas.executions import Handle
from windlass_workers.contract import Unreachable, Vanished
from windlass_workers.process.launching import MARKER
from windlass_workers.process.machines import Machine, this_machine
from windlass_workers.process.processes import is_alive, know, read_stat
from windlass_workers.process.worker import ProcessWorker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who is who")

NO_TIME = timedelta()
EXECUTION = f"{uuid7()}.1"


def start(script: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """A process that leads a session, as one of a run does; without a script, it sleeps.

    Not in a shell, which would become what sleeps in a moment: between the two, it has no
    environment that could be read.
    """
    command = ["sleep", "60"] if script is None else ["sh", "-c", script]
    return subprocess.Popen(command, start_new_session=True, env={**os.environ, **environment})


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with start() as made:
        yield made
        made.kill()


def handle_of(pid: int, **data: Any) -> Handle:
    """What an earlier worker of this machine kept of a process of this number."""
    known = {
        **this_machine().as_json(),
        "pid": pid,
        "start_time": know(pid).start_time,
        "execution_id": EXECUTION,
        "directory": "/there-is-no-such-directory",
        "oom_kills": None,
    }
    return Handle(kind="process", version=1, data=known | data)


async def test_what_an_earlier_worker_started_is_ended(process: subprocess.Popen[bytes]) -> None:
    handle = handle_of(process.pid)
    known = know(process.pid)
    worker = ProcessWorker()
    await worker.stop(handle, NO_TIME)
    assert not is_alive(known)
    assert process.wait() in (-signal.SIGTERM, -signal.SIGKILL)
    with pytest.raises(Vanished):
        await worker.wait(handle)
    await worker.stop(handle, NO_TIME)


async def test_a_stranger_that_has_the_number_now_is_left_alone(
    process: subprocess.Popen[bytes],
) -> None:
    known = know(process.pid)
    assert known.start_time is not None
    for start_time in (known.start_time - 1, None):
        await ProcessWorker().stop(handle_of(process.pid, start_time=start_time), NO_TIME)
    assert is_alive(known)


async def test_a_session_of_strangers_that_has_the_number_now_is_left_alone() -> None:
    leader = start("sleep 60 & exit 0")
    earlier = handle_of(leader.pid, start_time=1)
    leader.wait()
    [left] = [
        stat.pid
        for entry in os.listdir("/proc")
        if entry.isdecimal() and (stat := read_stat(int(entry))) and stat.session == leader.pid
    ]
    stranger = know(left)
    await ProcessWorker().stop(earlier, NO_TIME)
    assert is_alive(stranger)
    os.kill(left, signal.SIGKILL)


async def test_what_the_run_left_behind_is_ended_though_its_leader_is_gone() -> None:
    leader = start("exit 0")
    handle = handle_of(leader.pid)
    leader.wait()
    daemon = start(**{MARKER: EXECUTION})
    known = know(daemon.pid)
    await ProcessWorker().stop(handle, NO_TIME)
    wait_until(lambda: not is_alive(known), description="the daemon to end")
    daemon.wait()


async def test_a_process_of_another_machine_cannot_be_reached(
    process: subprocess.Popen[bytes],
) -> None:
    known = know(process.pid)
    for elsewhere in ({"hostname": "host-2"}, {"pid_namespace": "pid:[1]"}):
        with pytest.raises(Unreachable, match="not here"):
            await ProcessWorker().stop(handle_of(process.pid, **elsewhere), NO_TIME)
    assert is_alive(known)


async def test_no_process_outlives_a_boot_of_its_machine(process: subprocess.Popen[bytes]) -> None:
    handle = handle_of(process.pid, boot_id="an-earlier-one", pid_namespace="pid:[1]")
    known = know(process.pid)
    await ProcessWorker().stop(handle, NO_TIME)
    with pytest.raises(Vanished, match="started again"):
        await ProcessWorker().wait(handle)
    assert is_alive(known)


def test_a_handle_of_an_older_worker_says_less_and_is_believed() -> None:
    here = Machine("host", "boot", "pid:[1]")
    assert here.can_see(Machine("host"))
    assert here.is_still(Machine("host"))
    assert not here.can_see(Machine("host-2"))


def test_where_a_handle_can_be_reached_from_is_its_machine() -> None:
    assert ProcessWorker().place == this_machine().hostname
