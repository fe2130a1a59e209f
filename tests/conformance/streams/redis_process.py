# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""A Redis of a test's own, to be killed, frozen and started again."""

import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support.server_binaries import find_redis
from tests.support.waiting import wait_until


@dataclass(slots=True)
class RedisProcess:
    """A server without persistence, which keeps its port from one start to the next."""

    port: int
    folder: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait for it. Raises TimeoutError if it ended at once."""
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [
                str(find_redis().path),
                *self.options,
                *options,
                *("--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_until(
            lambda: self._accepts() or self._has_ended(),
            description="the server to accept connections",
        )
        if self._has_ended():
            raise TimeoutError(f"the server ended with {self.process.returncode}")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """From now on it accepts connections and never answers, like a black hole."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def command(self, *words: str) -> Any:
        """Run one command, as somebody else would."""
        with Redis.from_url(self.url) as client:
            return client.execute_command(*words)

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
