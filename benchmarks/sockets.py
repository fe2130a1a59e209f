"""The least of a websocket that sends events as stock clients do, cheaper than they are."""

import asyncio
import base64
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, urlsplit

_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80


class EventSocket:
    """One connection to `/events/in`. A pong acknowledges what was sent before its ping."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> "AsyncGenerator[EventSocket]":
        """Connected to the API at `url`. Raises `ConnectionError` when it is refused."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield await cls(reader, writer)._shaken_hands(parts)
        finally:
            writer.close()

    async def _shaken_hands(self, parts: SplitResult) -> "EventSocket":
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            (
                f"GET {parts.path}/events/in HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n"
            ).encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError(f"No websocket at {parts.geturl()}: {head!r}")
        return self

    async def send(self, event: bytes) -> None:
        """Send one event; waits while the server does not keep up."""
        self._frame(_TEXT, event)
        await self._writer.drain()

    async def acknowledged(self) -> None:
        """Wait until the server has taken everything that was sent."""
        self._frame(_PING, b"all")
        await self._writer.drain()
        while True:
            code, length = await self._reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
            content = await self._reader.readexactly(length)
            if code & 0x0F == _PONG and content == b"all":
                return
            if code & 0x0F not in (_PING, _PONG):
                raise ConnectionError(f"The server ended the stream of events: {content!r}")

    def _frame(self, code: int, content: bytes) -> None:
        # The mask of zeros leaves the content as it is: a client has to mask, and computes nothing.
        if len(content) < 126:
            head = bytes((_FINAL | code, _MASKED | len(content)))
        else:
            head = bytes((_FINAL | code, _MASKED | 126)) + len(content).to_bytes(2, "big")
        self._writer.write(head + bytes(4) + content)
