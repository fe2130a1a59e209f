"""An HTTP server inside a task group: it starts, says that it listens, and stops when told."""

import contextlib
import socket
from collections.abc import Generator
from typing import Any, Final

import uvicorn

from windlass.exceptions import PortTaken
from windlass_services.api.socket_protocol import SocketProtocol

_WEBSOCKET_PING: Final = 20.0


class HttpServer(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals of the process alone."""
        yield

    def stop(self) -> None:
        """Take no new connections; finish what runs; then `serve` returns."""
        self.should_exit = True


def http_server(app: Any, *, keep_alive: int, log_level: str, grace: int) -> HttpServer:
    """A server for an ASGI application. `keep_alive` and `grace` (for open requests) in seconds."""
    return HttpServer(
        uvicorn.Config(
            app,
            access_log=False,
            lifespan="off",
            log_config=None,
            log_level=log_level.lower(),
            timeout_keep_alive=keep_alive,
            timeout_graceful_shutdown=grace,
            ws=SocketProtocol,
            ws_ping_interval=_WEBSOCKET_PING,
            loop="none",
        )
    )


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound, listening socket; port 0 takes a free one. Raises `PortTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Stop what uses the"
            " port, or choose another with --port or WINDLASS_SERVER_API_PORT."
        ) from error
    listener.listen(2048)
    listener.setblocking(False)
    return listener
