"""A live view of a topic on Redis: plain reads, so that nothing is kept for a reader that died."""

from collections import deque
from collections.abc import Iterable
from typing import Final

import anyio

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys
from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import PARTITIONS, Message
from windlass_services.streams.redis.connection import LONGEST_BLOCK, Connection
from windlass_services.streams.redis.entries import Fields, message_of

_BATCH: Final = 100
_BETWEEN_POLLS: Final = 0.25
_START: Final = b"0-0"


class Tail:
    """An endless iterator of the messages published since `open`."""

    def __init__(self, connection: Connection, keys: Keys, topic: str) -> None:
        self._connection = connection
        self._streams = [keys.stream(topic, n) for n in range(PARTITIONS)]
        self._positions: dict[str, bytes] = {}
        self._read: deque[Message] = deque()

    def __aiter__(self) -> "Tail":
        return self

    async def __anext__(self) -> Message:
        """The next message. Safe to cancel: a wait that is given up loses nothing."""
        read_more = self._poll if self._connection.is_scattered else self._wait
        failures = 0
        while not self._read:
            try:
                if not self._positions:
                    await self._find_ends()
                await read_more()
            except BrokerUnavailable:
                await anyio.sleep(pause(failures))
                failures += 1
        return self._read.popleft()

    async def open(self) -> None:
        """Note where the streams end now, or at the first wait if the broker is away."""
        try:
            await self._find_ends()
        except BrokerUnavailable:
            return

    async def _find_ends(self) -> None:
        replies = await self._connection.all(
            ("XREVRANGE", stream, "+", "-", "COUNT", 1) for stream in self._streams
        )
        self._positions = {
            stream: last[0][0] if last else _START
            for stream, last in zip(self._streams, replies, strict=True)
        }

    async def _wait(self) -> None:
        block = int(LONGEST_BLOCK * 1000)
        reply = await self._connection.wait(
            *("XREAD", "COUNT", _BATCH, "BLOCK", block, "STREAMS"),
            *self._positions,
            *self._positions.values(),
            key=self._streams[0],
        )
        for stream, entries in reply:
            self._take(stream.decode(), entries)

    async def _poll(self) -> None:
        """In a cluster, one command cannot wait for the streams of several servers."""
        replies = await self._connection.all(
            ("XRANGE", stream, b"(" + position, "+", "COUNT", _BATCH)
            for stream, position in self._positions.items()
        )
        for stream, entries in zip(self._streams, replies, strict=True):
            self._take(stream, entries)
        if not self._read:
            await anyio.sleep(_BETWEEN_POLLS)

    def _take(self, stream: str, entries: Iterable[tuple[bytes, Fields]]) -> None:
        for position, fields in entries:
            self._read.append(message_of(fields))
            self._positions[stream] = position
