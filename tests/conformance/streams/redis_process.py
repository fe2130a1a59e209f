# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""A Redis of a test's own, to be killed, frozen and started again."""

import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support.certificates import Authority, Signed
from tests.support.server_binaries import find_redis
from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate that servers show, and the one to trust them by."""

    authority: Authority
    own: Signed

    @property
    def options(self) -> list[str]:
        """For a server: with others of its kind it speaks TLS as well."""
        return [
            *("--tls-ca-cert-file", str(self.authority.file), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(self.own.certificate), "--tls-key-file", str(self.own.key)),
            *("--tls-replication", "yes", "--tls-cluster", "yes"),
        ]


@dataclass(slots=True)
class RedisProcess:
    """A server without persistence, which keeps its port from one start to the next."""

    port: int
    folder: Path
    options: tuple[str, ...] = ()
    tls: Tls | None = None
    """With it, nobody is served who does not speak TLS."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{scheme('redis', self.tls)}127.0.0.1:{self.port}/0{query(self.tls)}"

    def start(self) -> None:
        """Start it and wait for it. Raises TimeoutError if it ended at once."""
        options = ["--bind", "127.0.0.1", "--dir", str(self.folder)]
        if self.tls is None:
            options += ["--port", str(self.port)]
        else:
            options += ["--port", "0", "--tls-port", str(self.port), *self.tls.options]
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


def scheme(layout: str, tls: Tls | None) -> str:
    """How the URL of a layout begins: `redis`, `redis+sentinel` or `redis+cluster`."""
    return layout.replace("redis", "redis" if tls is None else "rediss") + "://"


def query(tls: Tls | None) -> str:
    """How such a URL ends: with whom to trust."""
    return "" if tls is None else f"?ssl_ca_certs={tls.authority.file}"
