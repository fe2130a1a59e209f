"""One stream of the API over websockets, made anew when it is lost."""

import asyncio
import json
from typing import Final

from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from windlass.client._async.transport import credentials
from windlass.client.ephemeral import ensure_api
from windlass.exceptions import NotAuthenticated, RequestInvalid, ServerUnreachable
from windlass.schemas.base import JsonObject
from windlass.settings import Settings, get_current_settings

_SUBPROTOCOL: Final = Subprotocol("prefect")
_REFUSED: Final = frozenset({1003, 1007, 1008, 1009})
"""How a server closes a stream that it would close again."""
_UNKNOWN: Final = frozenset({401, 403})
_LONGEST_PAUSE: Final = 5.0


def http_to_ws(url: str) -> str:
    """The address of websockets beside an address of HTTP."""
    return url.replace("http", "ws", 1).rstrip("/")


class Stream:
    """Messages of what the filter asks for, from `path` of the API of the current settings.

    Raises ServerUnreachable after `attempts` in a row to connect again, NotAuthenticated and, if
    the server closes it on purpose, RequestInvalid.
    """

    def __init__(self, path: str, attempts: int) -> None:
        self._settings = get_current_settings()
        self._url = http_to_ws(self._settings.api.url or ensure_api()) + path
        self._attempts = attempts
        self._asked: JsonObject = {}
        self._socket: ClientConnection | None = None

    async def open(self, asked: BaseModel) -> None:
        """Connect, and ask for what this filter says."""
        self._asked = asked.model_dump(mode="json")
        self._socket = await self._connected()

    async def close(self) -> None:
        """Disconnect, if it is open."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def receive(self) -> JsonObject:
        """The next message. Raises RuntimeError unless it is open."""
        while True:
            if self._socket is None:
                raise RuntimeError("The stream is not open: enter its subscriber first.")
            try:
                return json.loads(await self._socket.recv())
            except ConnectionClosed as closed:
                raise_refusal(closed)
                self._socket = await self._connected()

    async def _connected(self) -> ClientConnection:
        for attempt in range(self._attempts + 1):
            try:
                return await self._subscribed()
            except (OSError, InvalidHandshake, ConnectionClosed) as error:
                raise_refusal(error)
                if attempt == self._attempts:
                    raise ServerUnreachable(f"There is no stream at {self._url}.") from error
                await asyncio.sleep(min(0.1 * 2**attempt, _LONGEST_PAUSE))
        raise AssertionError("the last attempt returns or raises")

    async def _subscribed(self) -> ClientConnection:
        return await subscribed(
            self._url, self._settings, {"type": "filter", "filter": self._asked}
        )


async def subscribed(url: str, settings: Settings, request: JsonObject) -> ClientConnection:
    """A connection that was let in, and on which this was asked for.

    Raises NotAuthenticated, and what `connect` raises.
    """
    secret = settings.api.key or settings.api.auth_string
    token = None if secret is None else secret.get_secret_value()
    socket = await connect(
        url,
        subprotocols=[_SUBPROTOCOL],
        additional_headers=credentials(settings),
        max_size=None,
    )
    try:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        if json.loads(await socket.recv()).get("type") != "auth_success":
            raise NotAuthenticated(f"{url} does not take these credentials.")
        await socket.send(json.dumps(request))
    except BaseException:
        await socket.close()
        raise
    return socket


def raise_refusal(error: BaseException) -> None:
    """A server that refuses a stream on purpose would refuse the next one too."""
    if isinstance(error, InvalidStatus) and error.response.status_code in _UNKNOWN:
        raise NotAuthenticated(f"The server refuses the stream: {error}.") from error
    closed = error.rcvd if isinstance(error, ConnectionClosed) else None
    if closed is not None and closed.code in _REFUSED:
        raise RequestInvalid(f"The server refuses the stream: {closed.reason}") from error
