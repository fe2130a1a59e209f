"""The agent's side of the fork server: keeps one running, asks it for processes, hears of ends."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import anyio
from anyio.abc import TaskStatus

from windlass.exceptions import WindlassError
from windlass_workers.process.fork_server.messages import (
    LARGEST_PACKET,
    Answer,
    Ended,
    Forked,
    ForkRefused,
    decode_answer,
)
from windlass_workers.process.processes import Known, until_over

_log: Final = logging.getLogger(__name__)
_PAUSE_BEFORE_RESTART: Final = 1.0


class ForkServerGone(WindlassError):
    """There is no fork server now, or it went away before it answered."""


@dataclass(slots=True)
class _Request:
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Forked | ForkRefused | None = None


@dataclass(slots=True)
class _Child:
    start_time: int | None
    ended: anyio.Event = field(default_factory=anyio.Event)
    status: int | None = None


class ForkServer:
    """One fork server, started again when it dies. Its runs go on without it."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None
        self._numbers = count(1)
        self._requests: dict[int, _Request] = {}
        self._children: dict[int, _Child] = {}

    async def work(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep a fork server running until cancelled. Work that comes early waits for it."""
        task_status.started()
        while True:
            try:
                await self._serve()
            except OSError as error:
                _log.warning("The fork server could not be started: %s", error)
            await anyio.sleep(_PAUSE_BEFORE_RESTART)

    async def fork(self, job: bytes, output: int, errors: int) -> Known:
        """A new process that does `job` and writes to these descriptors.

        Raises ForkServerGone, and OSError when the kernel gives no process.
        """
        number = next(self._numbers)
        request = self._requests[number] = _Request()
        try:
            await self._send(number, job, output, errors)
            await request.answered.wait()
        finally:
            del self._requests[number]
        match request.answer:
            case Forked(_, pid, start_time):
                return Known(pid, start_time)
            case ForkRefused(_, errno, reason):
                raise OSError(errno, reason)
            case None:
                raise ForkServerGone

    def has(self, process: Known) -> bool:
        """Whether the end of this process is, or was, seen by the fork server that runs now."""
        return self._child(process) is not None

    async def wait(self, process: Known) -> int | None:
        """The status of a process of ours once it has ended; None if it went unseen."""
        child = self._child(process)
        if child is None:
            await until_over(process)
            return None
        await child.ended.wait()
        if child.status is None:
            await until_over(process)
        elif self._children.get(process.pid) is child:
            del self._children[process.pid]
        return child.status

    def _child(self, process: Known) -> _Child | None:
        child = self._children.get(process.pid)
        # A handle may name a process of long ago that had the number of one of ours.
        return child if child and child.start_time == process.start_time else None

    async def _serve(self) -> None:
        """From the start of a server to its end."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            process = _start(theirs)
            theirs.close()
            ours.setblocking(False)
            self._channel = ours
            try:
                await self._listen(ours)
            finally:
                self._channel = None
                self._forget_everyone()
                process.kill()
                process.wait()
        _log.warning("The fork server ended (%s); starting another one", process.returncode)

    async def _send(self, number: int, job: bytes, output: int, errors: int) -> None:
        channel = self._channel
        if channel is None:
            raise ForkServerGone
        with _in_memory(job) as file:
            while True:
                try:
                    socket.send_fds(channel, [b"%d" % number], [file, output, errors])
                    return
                except BlockingIOError:
                    await anyio.wait_writable(channel)
                except OSError as error:
                    raise ForkServerGone from error

    async def _listen(self, channel: socket.socket) -> None:
        while True:
            await anyio.wait_readable(channel)
            try:
                packet = channel.recv(LARGEST_PACKET)
            except BlockingIOError:
                continue
            except OSError:
                return
            if not packet:
                return
            self._take(decode_answer(packet))

    def _take(self, answer: Answer) -> None:
        if isinstance(answer, Ended):
            if child := self._children.get(answer.pid):
                child.status = answer.status
                child.ended.set()
            return
        if isinstance(answer, Forked):
            # Known from here on: the end of a short run is the next packet.
            self._children[answer.pid] = _Child(answer.start_time)
        if request := self._requests.get(answer.request):
            request.answer = answer
            request.answered.set()

    def _forget_everyone(self) -> None:
        for request in self._requests.values():
            request.answered.set()
        for child in self._children.values():
            child.ended.set()
        self._children.clear()


@contextmanager
def _in_memory(content: bytes) -> Generator[int]:
    """The descriptor of a file without a name that has this content."""
    with open(os.memfd_create("windlass-job"), "w+b") as file:
        file.write(content)
        file.flush()
        yield file.fileno()


def _start(channel: socket.socket) -> subprocess.Popen[bytes]:
    descriptor = channel.fileno()
    module = "windlass_workers.process.fork_server"
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, str(descriptor)],
        stdin=subprocess.DEVNULL,
        pass_fds=[descriptor],
        start_new_session=True,  # Ctrl-C is for the agent, which decides what becomes of the runs
    )
