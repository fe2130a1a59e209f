"""An HTTP proxy that loses replies: what was asked is done, and who asked does not hear of it."""

import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from random import Random
from threading import Event
from typing import Final

from tests.chaos.wire import in_thread

_HEADER: Final = b"content-length:"


@dataclass(slots=True)
class LossyProxy:
    """Passes requests on, one connection for each connection of a client."""

    listener: socket.socket
    target: int
    random: Random
    lost: int = 0
    """Replies that nobody heard."""
    _rates: dict[str, float] = field(default_factory=dict[str, float])
    _held: set[str] = field(default_factory=set[str])
    _over: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def lose(self, part: str, rate: float) -> None:
        """Lose this share of the replies to requests whose path has this part."""
        self._rates[part] = rate

    def hold(self, part: str) -> None:
        """Let no request whose path has this part through, until the proxy ends."""
        self._held.add(part)

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                self._over.set()
                return
            in_thread(self._pass_on, client)

    def _pass_on(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self.target)) as server,
        ):
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asking, answering = client.makefile("rb"), server.makefile("rb")
            while request := _head(asking):
                path = request[0].split(b" ")[1].decode()
                if any(part in path for part in self._held):
                    self._over.wait()
                    return
                server.sendall(b"".join(request) + _body(asking, request))
                reply = _head(answering)
                body = _body(answering, reply)
                if self._is_lost(path) or not reply:
                    return
                client.sendall(b"".join(reply) + body)

    def _is_lost(self, path: str) -> bool:
        rate = max((rate for part, rate in self._rates.items() if part in path), default=0.0)
        is_lost = self.random.random() < rate
        self.lost += is_lost
        return is_lost


@contextmanager
def losing_replies(target: int, seed: int) -> Generator[LossyProxy]:
    """A proxy before a port of this machine, until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        proxy = LossyProxy(listener, target, Random(seed))
        in_thread(proxy.serve)
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _head(source: BufferedReader) -> list[bytes]:
    """The lines of a head, the empty one included; nothing when there is no more."""
    lines: list[bytes] = []
    while line := source.readline():
        lines.append(line)
        if line == b"\r\n":
            return lines
    return []


def _body(source: BufferedReader, head: Sequence[bytes]) -> bytes:
    """What follows a head. Neither our clients nor our servers send anything in chunks."""
    sizes = [int(line.split(b":")[1]) for line in head if line.lower().startswith(_HEADER)]
    return source.read(sizes[0]) if sizes else b""
