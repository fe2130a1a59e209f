# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""A Redis of a test's own, to be killed, frozen and started again."""

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from redis import Redis

from tests.support.certificates import Authority, Signed
from tests.support.server_binaries import find_redis
from tests.support.server_keeper import accepts, free_port
from tests.support.waiting import wait_until

_TUNNEL: Final = Path(__file__).with_name("tls_tunnel.py")


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate that servers show, and the one to trust them by."""

    authority: Authority
    own: Signed
    tunnelled: bool = False
    """Whether the server was built without TLS, and a tunnel in front of it speaks it.

    Then the servers speak plainly to each other, with a password that no client knows.
    """

    @property
    def password(self) -> str:
        """What servers say to each other; empty where that is TLS."""
        return "among-servers" if self.tunnelled else ""

    def options(self, public: int, private: int) -> list[str]:
        """For a server: it is known by the public port, and speaks TLS with others of its kind."""
        if self.tunnelled:
            return [
                *("--port", str(private), "--cluster-announce-port", str(public)),
                *("--replica-announce-port", str(public)),
                *("--requirepass", self.password, "--masterauth", self.password),
            ]
        return [
            *("--port", "0", "--tls-port", str(public), "--tls-auth-clients", "no"),
            *("--tls-ca-cert-file", str(self.authority.file)),
            *("--tls-cert-file", str(self.own.certificate), "--tls-key-file", str(self.own.key)),
            *("--tls-replication", "yes", "--tls-cluster", "yes"),
        ]

    def tunnel(self, public: int, private: int) -> list[str]:
        """The program, with its arguments."""
        program = (sys.executable, "-I", str(_TUNNEL))
        files = (str(self.own.certificate), str(self.own.key))
        return [*program, str(public), str(private), self.password, *files]


@dataclass(slots=True)
class RedisProcess:
    """A server without persistence, which keeps its port from one start to the next."""

    port: int
    folder: Path
    options: tuple[str, ...] = ()
    tls: Tls | None = None
    """With it, nobody is served who does not speak TLS.

    A server hangs up on whoever does not; behind a tunnel it answers that it wants a password.
    """
    _running: list[subprocess.Popen[bytes]] = field(
        default_factory=list[subprocess.Popen[bytes]], init=False
    )
    """The server, and its tunnel if there is one: they start, freeze and die together."""

    @property
    def url(self) -> str:
        return f"{scheme('redis', self.tls)}127.0.0.1:{self.port}/0{query(self.tls)}"

    def start(self) -> None:
        """Start it and wait for it. Raises TimeoutError if it ended at once."""
        private = free_port() if self.tls and self.tls.tunnelled else self.port
        speaking = ["--port", str(self.port)]
        if self.tls:
            speaking = self.tls.options(self.port, private)
        server = [
            *(str(find_redis().path), *self.options, *speaking),
            *("--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "no"),
        ]
        commands = [server]
        if self.tls and self.tls.tunnelled:
            commands.append(self.tls.tunnel(self.port, private))
        self._running = [subprocess.Popen(each, stdout=subprocess.DEVNULL) for each in commands]
        wait_until(
            lambda: (accepts(private) and accepts(self.port)) or self._end() is not None,
            description="the server to accept connections",
        )
        if (code := self._end()) is not None:
            raise TimeoutError(f"the server ended with {code}")

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """From now on it accepts connections and never answers, like a black hole."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def command(self, *words: str) -> Any:
        """Run one command, as somebody else would."""
        with Redis.from_url(self.url) as client:
            return client.execute_command(*words)

    def _end(self) -> int | None:
        """What the first that ended returned, if one did."""
        codes = (process.poll() for process in self._running)
        return next((code for code in codes if code is not None), None)

    def _signal(self, number: signal.Signals) -> None:
        assert self._running
        for process in self._running:
            process.send_signal(number)


def scheme(layout: str, tls: Tls | None) -> str:
    """How the URL of a layout begins: `redis`, `redis+sentinel` or `redis+cluster`."""
    return layout.replace("redis", "redis" if tls is None else "rediss") + "://"


def query(tls: Tls | None) -> str:
    """How such a URL ends: with whom to trust."""
    return "" if tls is None else f"?ssl_ca_certs={tls.authority.file}"
