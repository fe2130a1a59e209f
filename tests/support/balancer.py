"""The address in front of several API replicas, as a load balancer gives them one."""

import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Thread
from typing import Final

_BYTES: Final = 65_536
_SECONDS_TO_CONNECT: Final = 5.0


@dataclass(slots=True)
class Balancer:
    """Passes each connection on to the next port that accepts it."""

    ports: Sequence[int]
    listener: socket.socket
    refused: list[str] = field(default_factory=list[str])
    _clients: dict[socket.socket, str] = field(default_factory=dict[socket.socket, str])
    """Who is connected, and the first line that each of them sent."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def refuse(self, path: str) -> None:
        """Cut every connection that was opened for a path, and let no new one through."""
        self.refused.append(path)
        for client, line in list(self._clients.items()):
            if path in line:
                _end(client)

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        turns = count()
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            _in_thread(lambda client=client: self._pass_on(client, next(turns)))

    def _pass_on(self, client: socket.socket, turn: int) -> None:
        with client:
            first = _received(client)
            line = first.split(b"\r\n", 1)[0].decode(errors="replace")
            self._clients[client] = line
            replica = self._connected(turn)
            if first and replica and not any(path in line for path in self.refused):
                replica.sendall(first)
                _in_thread(lambda: _copy(client, replica))
                _copy(replica, client)
            if replica:
                replica.close()
            del self._clients[client]

    def _connected(self, turn: int) -> socket.socket | None:
        for number in range(len(self.ports)):
            port = self.ports[(turn + number) % len(self.ports)]
            with suppress(OSError):
                found = socket.create_connection(("127.0.0.1", port), _SECONDS_TO_CONNECT)
                found.settimeout(None)
                return found
        return None


@contextmanager
def balancing(ports: Sequence[int]) -> Generator[Balancer]:
    """A balancer before these ports of this machine, until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        balancer = Balancer(ports, listener)
        _in_thread(balancer.serve)
        try:
            yield balancer
        finally:
            # Closing alone does not wake the thread that accepts.
            _end(listener)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Hand over what comes until one of the two ends, then end both."""
    with suppress(OSError):
        while received := _received(source):
            target.sendall(received)
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _received(source: socket.socket) -> bytes:
    with suppress(OSError):
        return source.recv(_BYTES)
    return b""


def _in_thread(work: Callable[[], None]) -> None:
    Thread(target=work, daemon=True).start()
