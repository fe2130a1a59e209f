"""A live view of a topic on Redis: plain reads, so that nothing is kept for a reader that died."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import anyio

from windlass_services.runtime.metrics import LIVE_DROPPED
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys
from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import PARTITIONS, Message
from windlass_services.streams.redis.clients import Reply
from windlass_services.streams.redis.connection import LONGEST_BLOCK, Connection, Refused
from windlass_services.streams.redis.entries import Fields, message_of

_BATCH: Final = 100
_BETWEEN_POLLS: Final = 0.25
_START: Final = b"0-0"
_MISSING: Final = "no such key"


class Tail:
    """An endless iterator of the messages published since `open`.

    Of a stream that is trimmed before it is read the next read jumps over what is gone, which is
    counted: Redis says how many entries there ever were. (One before Redis 7 does not.)
    """

    def __init__(self, connection: Connection, keys: Keys, topic: str, *, cap: int) -> None:
        """`cap`: how many entries a stream has at least, once it was trimmed."""
        self._connection = connection
        self._topic = topic
        self._full = min(cap, _BATCH)
        self._streams = [keys.stream(topic, n) for n in range(PARTITIONS)]
        self._positions: dict[str, bytes] = {}
        self._passed: dict[str, int] = {}
        self._full_batches: dict[str, list[bytes]] = {}
        self._read: deque[Message] = deque()
        # So that it is exported as 0 before the first one.
        LIVE_DROPPED.labels(topic)

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
                await self._count_dropped()
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
        about = await self._ask_about(self._streams)
        self._passed = {stream: _entries_ever(facts) for stream, facts in about.items()}
        self._positions = {
            stream: _START if isinstance(facts, Refused) else facts["last-generated-id"]
            for stream, facts in about.items()
        }

    async def _count_dropped(self) -> None:
        """What was trimmed of streams that were read from where they now begin, or before that."""
        if not self._full_batches:
            return
        about = await self._ask_about([*self._full_batches])
        for stream, batch in self._full_batches.items():
            facts = about[stream]
            if isinstance(facts, Refused):
                continue  # all of it is lost, which is an outage and nobody's slowness
            first = facts["first-entry"]
            still_there = sum(_place(id) >= _place(first[0]) for id in batch) if first else 0
            trimmed = _entries_ever(facts) - facts["length"]
            dropped = trimmed + still_there - self._passed[stream]
            if dropped > 0:
                LIVE_DROPPED.labels(self._topic).inc(dropped)
                self._passed[stream] += dropped
            # A stream that was emptied counts from the beginning.
            self._passed[stream] = min(self._passed[stream], _entries_ever(facts))
        self._full_batches.clear()

    async def _ask_about(self, streams: Sequence[str]) -> dict[str, Reply]:
        """What Redis knows of each; Refused of one that is not there."""
        replies = await self._connection.batch([("XINFO STREAM", stream) for stream in streams])
        for reply in replies:
            if isinstance(reply, Refused) and _MISSING not in str(reply):
                raise reply
        return dict(zip(streams, replies, strict=True))

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
        batch: list[bytes] = []
        for position, fields in entries:
            self._read.append(message_of(fields))
            self._positions[stream] = position
            batch.append(position)
        self._passed[stream] += len(batch)
        # Where nobody is so far behind, nothing was trimmed.
        if len(batch) >= self._full:
            self._full_batches[stream] = batch


def _entries_ever(facts: Reply) -> int:
    return 0 if isinstance(facts, Refused) else facts.get("entries-added", facts["length"])


def _place(id: bytes) -> tuple[int, int]:
    moment, _, number = id.partition(b"-")
    return int(moment), int(number)
