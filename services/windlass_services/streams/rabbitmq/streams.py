"""Streams on RabbitMQ: an exchange for each topic, a queue for each group and partition."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Collection,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar, Final

import anyio
import anyio.lowlevel
from aio_pika.abc import AbstractIncomingMessage, ExchangeType
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError

from windlass.clock import Clock, utc_now
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import partition_of
from windlass_services.streams.protocol import (
    PARTITIONS,
    Announcement,
    DeadLetter,
    Delivery,
    Gaps,
    Message,
)
from windlass_services.streams.rabbitmq.connection import Connection
from windlass_services.streams.rabbitmq.fetching import fetch, waiting_in
from windlass_services.streams.rabbitmq.live import Listener, Tail
from windlass_services.streams.rabbitmq.messages import (
    dead_letter_of,
    marker,
    message_of,
    published,
    set_aside,
)
from windlass_services.streams.rabbitmq.names import DEAD_LETTERS, EPOCH, Names, routing_key
from windlass_services.streams.rabbitmq.reader import Reader

_NOT_READ_HERE: Final = "not read here"
_READING_ALL: Final = 30.0


class RabbitStreams:
    """Streams that any number of processes share; one of them at a time reads a partition."""

    replicated: ClassVar[bool] = True
    partitions: ClassVar[int] = PARTITIONS

    def __init__(
        self, url: str, *, workspace: str = "default", cap: int = 200_000, clock: Clock = utc_now
    ) -> None:
        """`cap`: how many messages that nobody has read a topic keeps for each group."""
        self._connection = Connection(url)
        self._names = Names(workspace)
        self._cap = max(cap // PARTITIONS, 1)
        self._clock = clock
        self._readers: dict[tuple[str, str, int], Reader] = {}

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        async with self._connection.guarded():
            exchange = await self._connection.exchange(
                self._names.exchange(topic), ExchangeType.DIRECT
            )
            await asyncio.gather(
                *(
                    exchange.publish(
                        published(message), str(partition_of(message.key)), mandatory=False
                    )
                    for message in messages
                )
            )

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
        del consumer  # the connection is who has what
        before = self._readers.get((topic, group, partition))
        if before is not None and before.is_evicted:
            raise BrokerUnavailable("Another process has taken over this partition")
        reader = await self._reader(topic, group, partition)
        return await reader.read(limit, wait)

    async def acknowledge(self, topic: str, group: str, deliveries: Sequence[Delivery]) -> None:
        positions: dict[int, list[str]] = {}
        for delivery in deliveries:
            positions.setdefault(delivery.partition, []).append(delivery.position)
        for partition, of_partition in positions.items():
            reader = self._open_reader(topic, group, partition)
            if reader is None:
                raise BrokerUnavailable("What was delivered went back meanwhile, and comes again")
            await reader.acknowledge(of_partition)

    async def take_over(
        self, topic: str, group: str, partition: int, consumer: str, *, limit: int
    ) -> list[Delivery]:
        del consumer
        reader = await self._reader(topic, group, partition)
        await reader.claim()
        return reader.handed(limit)

    async def epoch(self, topic: str) -> str | None:
        async with self._connection.guarded():
            return await self._epoch(topic)

    async def ensure_epoch(self, topic: str, value: str) -> str:
        name = self._names.epoch(topic)
        async with self._connection.guarded():
            found = await self._epoch(topic)
            while found is None:
                shared = await self._connection.shared()
                await shared.declare_queue(name, durable=True, arguments=EPOCH)
                try:
                    await shared.default_exchange.publish(marker(value), name)
                except DeliveryError:  # somebody was faster
                    await anyio.lowlevel.checkpoint()
                found = await self._epoch(topic)
            return found

    async def gaps(self, topic: str, group: str) -> Gaps:
        gaps: dict[int, str] = {}
        for partition in range(PARTITIONS):
            reader = self._open_reader(topic, group, partition)
            if reader is not None:
                loss = await reader.loss()
            else:
                place = self._names.place(topic, group, partition)
                loss = None if await self._count(place.losses) == 0 else _NOT_READ_HERE
            if loss is not None:
                gaps[partition] = loss
        return gaps

    async def mend(self, topic: str, group: str, gaps: Gaps) -> None:
        for partition, loss in gaps.items():
            reader = self._open_reader(topic, group, partition)
            if reader is not None:
                await reader.mend(None if loss == _NOT_READ_HERE else loss)

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        name = self._names.dead_letters(delivery.topic)
        async with self._connection.guarded():
            shared = await self._connection.shared()
            await shared.declare_queue(name, durable=True, arguments=DEAD_LETTERS)
            letter = set_aside(delivery, reason, self._clock())
            await shared.default_exchange.publish(letter, name)

    async def dead_letters(self, topic: str, limit: int) -> list[DeadLetter]:
        async with self._dead_letters(topic) as letters:
            return [dead_letter_of(topic, one) for one in letters[: -limit - 1 : -1]]

    async def redrive(self, topic: str, ids: Collection[str] | None) -> int:
        async with self._dead_letters(topic) as letters:
            pairs = [(one, message_of(one)) for one in letters]
            chosen = [pair for pair in pairs if ids is None or pair[1].id in ids]
            await self.publish(topic, [message for _, message in chosen])
            for letter, _ in chosen:
                await letter.ack()
            return len(chosen)

    async def announce(self, channel: str, payload: str = "") -> None:
        message = marker(payload)
        message.headers["c"] = channel
        try:
            async with self._connection.guarded():
                exchange = await self._connection.exchange(
                    self._names.announcements, ExchangeType.TOPIC
                )
                await exchange.publish(message, routing_key(channel), mandatory=False)
        except BrokerUnavailable:
            return

    @asynccontextmanager
    async def listen(
        self, channels: Collection[str]
    ) -> AsyncGenerator[AsyncIterator[Announcement]]:
        listener = Listener(self._connection, self._names, channels)
        await listener.open()
        try:
            yield listener
        finally:
            await listener.close()

    @asynccontextmanager
    async def tail(self, topic: str) -> AsyncGenerator[AsyncIterator[Message]]:
        tail = Tail(self._connection, self._names, topic)
        await tail.open()
        try:
            yield tail
        finally:
            await tail.close()

    async def lag(self, topic: str, group: str) -> int:
        total = 0
        for partition in range(PARTITIONS):
            reader = self._open_reader(topic, group, partition)
            if reader is not None:
                total += await reader.unfinished()
            else:
                place = self._names.place(topic, group, partition)
                total += await self._count(place.queue) or 0
        return total

    async def ping(self) -> None:
        async with self._connection.guarded(), self._connection.scratch():
            return

    async def close(self) -> None:
        await self._connection.close()

    def _open_reader(self, topic: str, group: str, partition: int) -> Reader | None:
        reader = self._readers.get((topic, group, partition))
        return reader if reader is not None and reader.is_open else None

    async def _reader(self, topic: str, group: str, partition: int) -> Reader:
        key = (topic, group, partition)
        reader = self._readers.get(key)
        if reader is None or reader.is_over:
            place = self._names.place(topic, group, partition)
            reader = self._readers[key] = Reader(self._connection, self._names, place, self._cap)
        await reader.open()
        return reader

    async def _epoch(self, topic: str) -> str | None:
        async with self._connection.scratch() as scratch:
            try:
                queue = await scratch.declare_queue(self._names.epoch(topic), passive=True)
            except ChannelNotFoundEntity:
                return None
            found = await queue.get(fail=False)  # goes back with the channel
            return None if found is None else found.body.decode()

    async def _count(self, queue: str) -> int | None:
        """How many messages wait in a queue; None if it is not there."""
        async with self._connection.guarded(), self._connection.scratch() as scratch:
            try:
                return await waiting_in(scratch, queue)
            except ChannelNotFoundEntity:
                return None

    @asynccontextmanager
    async def _dead_letters(self, topic: str) -> AsyncGenerator[list[AbstractIncomingMessage]]:
        """All of them, oldest first; those that are not acknowledged go back in their order."""
        name = self._names.dead_letters(topic)
        async with self._connection.guarded(_READING_ALL), self._connection.scratch() as scratch:
            queue = await scratch.declare_queue(name, durable=True, arguments=DEAD_LETTERS)
            count = queue.declaration_result.message_count or 0
            yield await fetch(scratch, queue, limit=count, wait=timedelta(0)) if count else []
