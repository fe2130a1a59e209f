"""Processes that go on when the command that started them is over: started, found and stopped."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from windlass.exceptions import WindlassError

_LOOK_EVERY: Final = 0.05
_LINES_OF_LOG: Final = 12


class BackgroundFailed(WindlassError):
    """A process in the background could not be started or stopped."""


class Running(NamedTuple):
    """A process that is there."""

    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class Background:
    """The process of one name in the background, of one home.

    It holds a lock on its file for as long as it lives: another process that has got its number
    since is never taken for it.
    """

    name: str
    home: Path
    stop_command: str

    @property
    def pid_file(self) -> Path:
        """Holds the number of the process and where it is reached, one on a line."""
        return self.home / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        """What the process prints."""
        return self.home / f"{self.name}.log"

    def start(
        self,
        command: Sequence[str],
        url: str,
        *,
        environment: Mapping[str, str],
        is_up: Callable[[], bool],
        patience: float,
    ) -> Running:
        """Start it, and return when it is up.

        Raises BackgroundFailed when it runs already, ends, or is not up after `patience` seconds.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._file() as descriptor:
            if not _locked(descriptor, fcntl.LOCK_EX):
                raise BackgroundFailed(
                    f"The {self.name} runs in the background already (process {self._read().pid})."
                    f" Stop it with `{self.stop_command}`."
                )
            pid = self._spawn(command, environment, descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{pid}\n{url}\n".encode(), 0)
        self._wait_until_up(pid, is_up, patience)
        return Running(pid, url)

    def find(self) -> Running | None:
        """The process, if it is there."""
        if not self.pid_file.exists():
            return None
        with self._file() as descriptor:
            return None if _locked(descriptor, fcntl.LOCK_SH) else self._read()

    def stop(self, patience: float) -> bool:
        """End it, and return when it is gone; False if it was not there.

        Raises BackgroundFailed when it is still there after `patience` seconds.
        """
        running = self.find()
        if running is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while self.find() is not None:
            if time.monotonic() > deadline:
                raise BackgroundFailed(
                    f"The {self.name} (process {running.pid}) is still there {patience:g} seconds"
                    f" after SIGTERM. Look into {self.log_file}, or end it with"
                    f" `kill -9 {running.pid}`."
                )
            time.sleep(_LOOK_EVERY)
        return True

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str], lock: int) -> int:
        """Start the process in a session of its own, with the lock; its number."""
        os.set_inheritable(lock, True)
        with self.log_file.open("wb") as log:
            return os.posix_spawn(
                command[0],
                list(command),
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                ],
                setsid=True,
            )

    def _wait_until_up(self, pid: int, is_up: Callable[[], bool], patience: float) -> None:
        deadline = time.monotonic() + patience
        while not is_up():
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                raise BackgroundFailed(f"The {self.name} ended with status {code}:\n{self._tail()}")
            if time.monotonic() > deadline:
                self.stop(patience)
                raise BackgroundFailed(
                    f"The {self.name} was not up after {patience:g} seconds, and was stopped:\n"
                    f"{self._tail()}"
                )
            time.sleep(_LOOK_EVERY)

    @contextlib.contextmanager
    def _file(self) -> Generator[int]:
        descriptor = os.open(self.pid_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self) -> Running:
        pid, _, url = self.pid_file.read_text("utf-8").partition("\n")
        return Running(int(pid), url.strip())

    def _tail(self) -> str:
        lines = self.log_file.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LINES_OF_LOG:]) or f"It said nothing (see {self.log_file})."


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
