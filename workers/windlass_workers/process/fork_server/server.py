"""The fork server itself: one thread, no event loop, no client, no logging, until it has forked.

What it loads is shared by every run; whatever is open or running in it would be broken in all.
"""

import gc
import io
import os
import random
import selectors
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Final, cast

from windlass.schemas.base import build_shapes
from windlass_workers.process.fork_server.messages import (
    DESCRIPTORS,
    LARGEST_PACKET,
    Answer,
    Ended,
    Forked,
    ForkRefused,
    Job,
    decode_job,
    encode_answer,
)
from windlass_workers.process.processes import know

PRELOADED: Final = (
    "windlass.execute",
    "windlass.flows",
    "windlass.task_engine",
    "windlass.tasks",
    "windlass.utilities.parameter_models",
    "certifi",
    "encodings.idna",
    "h11",
    "httpcore",
)
"""What every run imports, and nearly every flow; httpx leaves its own imports to the last."""


def serve(channel: socket.socket) -> Job | None:
    """Fork for each request until the agent is gone.

    Returns None in the server, and in each forked process the job that it is for: its caller goes
    on from there as a program that has just started.
    """
    preload()
    with _woken_by_children() as wakeups, selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(wakeups, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wakeups in ready:
                wakeups.recv(LARGEST_PACKET)
                for ended in _reaped():
                    _answer(channel, ended)
            if channel in ready:
                packet, descriptors, _, _ = socket.recv_fds(channel, LARGEST_PACKET, DESCRIPTORS)
                if not packet:
                    return None
                answer = _fork(int(packet))
                if answer is None:
                    break
                _answer(channel, answer)
                for descriptor in descriptors:
                    os.close(descriptor)
    # Its number is about to be free: forgotten, or it would one day close a file of the run.
    channel.detach()
    return _become(descriptors)


def preload() -> None:
    """Import what runs need, and keep it out of the way of the garbage collector.

    A collection in a forked process would write to, and so copy, every page that it looks at.
    """
    for name in PRELOADED:
        import_module(name)
    build_shapes()
    gc.collect()
    gc.freeze()


def _fork(request: int) -> Answer | None:
    """None in the new process."""
    try:
        pid = os.fork()
    except OSError as error:
        return ForkRefused(request, error.errno or 0, error.strerror or str(error))
    # Nobody reaps it before this is read, so that the number is still that of the new process.
    return Forked(request, pid, know(pid).start_time) if pid else None


def _become(descriptors: list[int]) -> Job:
    """Take on the identity of a new program, and read what it is for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    job_file, output, errors = descriptors
    with open(job_file, "rb") as file:
        file.seek(0)
        job = decode_job(file.read())
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(job.environment)
    os.chdir(job.directory)
    sys.path.insert(0, job.directory)
    random.seed()
    cast(io.TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
    return job


@contextmanager
def _woken_by_children() -> Generator[socket.socket]:
    """A socket that can be read when a child has ended."""
    read, write = socket.socketpair()
    with read, write:
        read.setblocking(False)
        write.setblocking(False)
        signal.signal(signal.SIGCHLD, _only_wake_up)
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        yield read
        signal.set_wakeup_fd(-1)


def _only_wake_up(number: int, frame: FrameType | None) -> None:
    """A signal that is ignored would not be written to the wake-up socket."""


def _reaped() -> Iterator[Ended]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield Ended(pid, status)


def _answer(channel: socket.socket, answer: Answer) -> None:
    try:
        channel.send(encode_answer(answer))
    except (BrokenPipeError, ConnectionResetError):
        return  # the agent is gone, and the next read says so
