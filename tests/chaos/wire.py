"""A TCP connection's way that can become a black hole, or be cut."""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

_BYTES: Final = 65_536
_WAITING: Final = 256


@dataclass(slots=True)
class Wire:
    """Passes what comes to its port on to another port of this machine."""

    listener: socket.socket
    target: int
    _open: Event = field(default_factory=Event)
    _connections: set[socket.socket] = field(default_factory=set[socket.socket])

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.getsockname()[1]

    @contextmanager
    def black_hole(self) -> Generator[None]:
        """Nothing gets through, and nobody is told: neither those connected nor those to come."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def refusing(self) -> Generator[None]:
        """Nobody listens, and who was connected is cut off."""
        address = self.listener.getsockname()
        _end(self.listener)
        self.listener.close()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)  # it is still ours, for as long as nobody listens
        self.cut()
        try:
            yield
        finally:
            self.listener.listen(_WAITING)
            in_thread(self.serve)

    def cut(self) -> None:
        """End every connection; new ones are welcome."""
        for connection in list(self._connections):
            _end(connection)

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        self._open.set()
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            in_thread(self._pass_on, client)

    def _pass_on(self, client: socket.socket) -> None:
        self._open.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections |= {client, server}
        in_thread(self._copy, client, server)
        self._copy(server, client)
        self._connections -= {client, server}
        client.close()
        server.close()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(_BYTES):
                self._open.wait()
                target.sendall(received)
        _end(source)
        _end(target)


@contextmanager
def wired(target: int) -> Generator[Wire]:
    """A wire to a port of this machine, until the block ends."""
    wire = Wire(socket.create_server(("127.0.0.1", 0), backlog=_WAITING), target)
    in_thread(wire.serve)
    try:
        yield wire
    finally:
        # Closing alone does not wake the thread that accepts.
        _end(wire.listener)
        wire.listener.close()
        wire.cut()


def in_thread(work: Callable[..., object], *arguments: object) -> None:
    """Do it beside us; nobody waits for its end."""
    Thread(target=work, args=arguments, daemon=True).start()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
