"""Processes of Python that start at once: forked from one that has loaded what they need.

A server loads for a second and a half of CPU, a stock client for one, and the suite starts hundreds
of either. They are started anew where the system is not Linux, and with a PYTHONPATH of their own.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_NURSERY: Final = Path(__file__).with_name("nursery.py")


class Process(Protocol):
    """What tests do with a process of their own; `subprocess.Popen` can it as well."""

    returncode: int | None

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@dataclass(slots=True)
class Forked:
    """A process that a nursery forked, and reports the end of."""

    arguments: Sequence[str]
    pid: int
    answer: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises `subprocess.TimeoutExpired`."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
        return code

    def send_signal(self, sig: int, /) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self.answer], [], [], timeout)[0]:
            said = os.read(self.answer, 100)
            os.close(self.answer)
            # Nothing is said when the nursery was killed: what it forked goes on unseen.
            self.returncode = int(said or -signal.SIGKILL)
        return self.returncode


@dataclass(slots=True)
class Nursery:
    """A Python that has loaded these modules, started when it is first needed."""

    python: Path
    modules: Sequence[str]
    running: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        output: int,
        errors: int,
        descriptors: Sequence[int] = (),
    ) -> Process:
        """Start the program in a session of its own; it has these descriptors by their numbers."""
        if sys.platform != "linux" or "PYTHONPATH" in environment:
            return subprocess.Popen(
                [self.python, *arguments],
                cwd=folder,
                env=environment,
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        request = {
            "arguments": [*arguments],
            "folder": str(folder),
            "environment": {**environment},
            "places": [1, 2, *descriptors],
        }
        answer, theirs = os.pipe()
        try:
            given = [theirs, output, errors, *descriptors]
            socket.send_fds(self._control(environment), [json.dumps(request).encode()], given)
        finally:
            os.close(theirs)
        return Forked(arguments, int(_line(answer)), answer)

    def stop(self) -> None:
        """End it, and nothing that it forked."""
        if self.control is not None and self.running is not None:
            self.control.close()
            self.running.wait(30)
        self.control = self.running = None

    def _control(self, environment: Mapping[str, str]) -> socket.socket:
        if self.control is None:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self.running = subprocess.Popen(
                    [self.python, _NURSERY, str(theirs.fileno()), *self.modules],
                    env=environment,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
        return self.control


_NURSERIES: Final[dict[tuple[Path, tuple[str, ...]], Nursery]] = {}


def nursery(python: Path, *modules: str) -> Nursery:
    """The one of this test run that has loaded these modules."""
    return _NURSERIES.setdefault((python, modules), Nursery(python, modules))


def pytest_unconfigure() -> None:
    for started in _NURSERIES.values():
        started.stop()


def _line(descriptor: int) -> bytes:
    """The next line, and nothing behind it. Raises `RuntimeError` when there is none."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            raise RuntimeError(f"{_NURSERY.name} ended; what it said is on the standard error.")
        line += byte
    return line
