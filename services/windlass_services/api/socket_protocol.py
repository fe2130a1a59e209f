"""How websockets are served: a pong says that what came before its ping is taken care of."""

from collections.abc import Callable
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_EXTENSION: Final = "windlass.frames"


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, but for pings: it answers them as it reads them, which may be long before the
    application has seen the frames between.

    Clients forget what they sent when a pong comes (Prefect's event client does so every 700
    events). The application has taken care of a frame when it asks for the next one.
    """

    _asks_for_more = False
    _pongs = b""

    def handle_ping(self) -> None:
        """Answer at once only if the application has seen everything."""
        self._pongs += b"".join(self.conn.data_to_send())
        if self._asks_for_more and self.queue.empty():
            self._send_pongs()

    async def receive(self) -> Any:
        """The next frame. Who waits for one that has not come yet is done with all that came."""
        if self.queue.empty():
            self._send_pongs()
        self._asks_for_more = True
        try:
            return await super().receive()
        finally:
            self._asks_for_more = False

    async def run_asgi(self) -> None:
        """Run the application, which can ask how many frames have come that it has not seen."""
        cast(Scope, self.scope)["extensions"][_EXTENSION] = self.queue.qsize
        await super().run_asgi()

    def _send_pongs(self) -> None:
        if self._pongs and not self.close_sent and not self.transport.is_closing():
            self.transport.write(self._pongs)
        self._pongs = b""


def frames_at_hand(scope: Scope) -> int:
    """How many frames of a websocket can be received without waiting: 0 where nobody knows."""
    count: Callable[[], int] = scope.get("extensions", {}).get(_EXTENSION, int)
    return count()
