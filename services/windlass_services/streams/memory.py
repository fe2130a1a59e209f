"""Streams in one process: the embedded default, and the fake that passes the same suite."""

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import ClassVar, Final, Generic, TypeVar

import anyio
import anyio.lowlevel

from windlass.clock import Clock, utc_now
from windlass_services.runtime.metrics import LIVE_DROPPED
from windlass_services.streams.keys import partition_of
from windlass_services.streams.protocol import (
    PARTITIONS,
    Announcement,
    DeadLetter,
    Delivery,
    Gaps,
    Message,
)

_DEAD_LETTERS: Final = 1000
_INBOX: Final = 10_000

_log = logging.getLogger(__name__)

T = TypeVar("T")


class MemoryStreams:
    """Streams that live and die with this process; for one event loop."""

    replicated: ClassVar[bool] = False
    partitions: ClassVar[int] = PARTITIONS

    def __init__(self, *, cap: int = 16_384, clock: Clock = utc_now) -> None:
        """`cap`: how many messages a topic keeps, give or take a tenth."""
        self._cap = max(cap // PARTITIONS, 1)
        self._clock = clock
        self._topics: dict[str, list[_Partition]] = {}
        self._epochs: dict[str, str] = {}
        self._dead: dict[str, deque[DeadLetter]] = {}
        self._tails: dict[str, list[_Inbox[Message]]] = {}
        self._listeners: list[tuple[Collection[str], _Inbox[Announcement]]] = []

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        partitions = self._partitions(topic)
        touched: dict[int, None] = {}
        for message in messages:
            touched[number := partition_of(message.key)] = None
            partitions[number].append(message)
        for number in touched:
            partitions[number].settle(self._cap)
        for tail in self._tails.get(topic, ()):
            if 0 < tail.room <= len(messages):  # once, not for each message it misses
                _log.warning("A live view of %s fell behind and may miss messages", topic)
            LIVE_DROPPED.labels(topic).inc(max(len(messages) - tail.room, 0))
            tail.put(*messages)
        await anyio.lowlevel.checkpoint()

    async def read(
        self,
        topic: str,
        group: str,
        partition: int,
        consumer: str,
        *,
        limit: int,
        wait: timedelta,
    ) -> list[Delivery]:
        del consumer  # one process: nobody else needs to know who has what
        await anyio.lowlevel.checkpoint()
        source = self._partitions(topic)[partition]
        reader = source.group(group)
        with anyio.move_on_after(wait.total_seconds()):
            while reader.following == source.end:
                await source.arrived.wait()
        positions = range(reader.following, min(reader.following + limit, source.end))
        reader.following = positions.stop
        reader.pending.update(dict.fromkeys(positions))
        return source.deliveries(topic, partition, positions)

    async def acknowledge(self, topic: str, group: str, deliveries: Sequence[Delivery]) -> None:
        partitions = self._partitions(topic)
        for delivery in deliveries:
            partitions[delivery.partition].group(group).pending.pop(int(delivery.position), None)
        for number in {delivery.partition for delivery in deliveries}:
            partitions[number].drop_finished()

    async def take_over(
        self, topic: str, group: str, partition: int, consumer: str, *, limit: int
    ) -> list[Delivery]:
        del consumer
        source = self._partitions(topic)[partition]
        positions = list(islice(source.group(group).pending, limit))
        return source.deliveries(topic, partition, positions)

    async def epoch(self, topic: str) -> str | None:
        return self._epochs.get(topic)

    async def ensure_epoch(self, topic: str, value: str) -> str:
        return self._epochs.setdefault(topic, value)

    async def gaps(self, topic: str, group: str) -> Gaps:
        readers = [partition.group(group) for partition in self._partitions(topic)]
        return {n: str(reader.lost) for n, reader in enumerate(readers) if reader.has_gap}

    async def mend(self, topic: str, group: str, gaps: Gaps) -> None:
        for number, loss in gaps.items():
            self._partitions(topic)[number].group(group).mended = int(loss)

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        letters = self._dead.setdefault(delivery.topic, deque(maxlen=_DEAD_LETTERS))
        letters.appendleft(DeadLetter(delivery, reason, self._clock()))

    async def dead_letters(self, topic: str, limit: int) -> list[DeadLetter]:
        return list(islice(self._dead.get(topic, ()), limit))

    async def redrive(self, topic: str, ids: Collection[str] | None) -> int:
        letters = self._dead.pop(topic, deque[DeadLetter]())
        redriven = [one for one in letters if ids is None or one.delivery.message.id in ids]
        if ids is not None:
            kept = (one for one in letters if one.delivery.message.id not in ids)
            self._dead[topic] = deque(kept, maxlen=_DEAD_LETTERS)
        await self.publish(topic, [one.delivery.message for one in reversed(redriven)])
        return len(redriven)

    async def announce(self, channel: str, payload: str = "") -> None:
        for names, inbox in self._listeners:
            if not any(_covers(name, channel) for name in names):
                continue
            if inbox.room:
                inbox.put(Announcement(channel, payload))
            else:
                inbox.empty()
                inbox.put(Announcement(resumed=True))

    @asynccontextmanager
    async def listen(
        self, channels: Collection[str]
    ) -> AsyncGenerator[AsyncIterator[Announcement]]:
        listener = (frozenset(channels), _Inbox[Announcement]())
        self._listeners.append(listener)
        try:
            yield listener[1]
        finally:
            self._listeners.remove(listener)

    @asynccontextmanager
    async def tail(self, topic: str) -> AsyncGenerator[AsyncIterator[Message]]:
        inbox = _Inbox[Message]()
        tails = self._tails.setdefault(topic, [])
        tails.append(inbox)
        try:
            yield inbox
        finally:
            tails.remove(inbox)

    async def lag(self, topic: str, group: str) -> int:
        return sum(partition.unfinished(group) for partition in self._partitions(topic))

    async def ping(self) -> None:
        """Always answers."""

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _partitions(self, topic: str) -> "list[_Partition]":
        if topic not in self._topics:
            self._topics[topic] = [_Partition() for _ in range(PARTITIONS)]
        return self._topics[topic]


@dataclass(slots=True)
class _Group:
    """How far one group has come in one partition."""

    following: int
    """The position to be delivered next."""
    pending: dict[int, None] = field(default_factory=dict[int, None])
    """Positions delivered and not acknowledged, oldest first."""
    lost: int = 0
    mended: int | None = None

    @property
    def has_gap(self) -> bool:
        return self.mended != self.lost

    @property
    def oldest_wanted(self) -> int:
        return next(iter(self.pending), self.following)

    def skip_to(self, start: int) -> None:
        """Give up on everything before `start`, which is gone."""
        if self.oldest_wanted < start:
            self.lost += 1
            self.following = max(self.following, start)
            self.pending = {position: None for position in self.pending if position >= start}


@dataclass(slots=True)
class _Partition:
    """Messages by position, without holes, and the groups that read them."""

    messages: dict[int, Message] = field(default_factory=dict[int, Message])
    end: int = 0
    """The position of the next message to come."""
    groups: dict[str, _Group] = field(default_factory=dict[str, _Group])
    arrived: anyio.Event = field(default_factory=anyio.Event)

    @property
    def start(self) -> int:
        return self.end - len(self.messages)

    def group(self, name: str) -> _Group:
        if name not in self.groups:
            self.groups[name] = _Group(following=self.start)
        return self.groups[name]

    def append(self, message: Message) -> None:
        """Add a message, of which readers and the cap hear at `settle`."""
        self.messages[self.end] = message
        self.end += 1

    def settle(self, cap: int) -> None:
        """Wake whoever waits for messages, and keep the cap."""
        self.arrived.set()
        self.arrived = anyio.Event()
        if len(self.messages) > cap + cap // 10:
            self._drop_before(self.end - cap)

    def drop_finished(self) -> None:
        """Let go of what every group has acknowledged."""
        self._drop_before(min(group.oldest_wanted for group in self.groups.values()))

    def deliveries(self, topic: str, partition: int, positions: Collection[int]) -> list[Delivery]:
        return [
            Delivery(topic, partition, str(position), self.messages[position])
            for position in positions
        ]

    def unfinished(self, group: str) -> int:
        if group not in self.groups:
            return len(self.messages)
        return self.end - self.groups[group].following + len(self.groups[group].pending)

    def _drop_before(self, start: int) -> None:
        for position in range(self.start, start):
            del self.messages[position]
        for group in self.groups.values():
            group.skip_to(start)


class _Inbox(Generic[T]):
    """What one subscriber has not fetched yet; bounded, and the oldest goes first."""

    def __init__(self) -> None:
        self._items: deque[T] = deque(maxlen=_INBOX)
        self._arrived = anyio.Event()

    @property
    def room(self) -> int:
        return _INBOX - len(self._items)

    def put(self, *items: T) -> None:
        self._items.extend(items)
        self._arrived.set()

    def empty(self) -> None:
        self._items.clear()

    def __aiter__(self) -> "_Inbox[T]":
        return self

    async def __anext__(self) -> T:
        await anyio.lowlevel.checkpoint()
        while not self._items:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._items.popleft()


def _covers(name: str, channel: str) -> bool:
    return channel.startswith(name[:-1]) if name.endswith("*") else channel == name
