"""One group's queue for one partition, as this process reads it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import count, islice
from typing import Final

import anyio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, ExchangeType
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelLockedResource

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Delivery
from windlass_services.streams.rabbitmq.connection import Connection
from windlass_services.streams.rabbitmq.fetching import fetch, waiting_in
from windlass_services.streams.rabbitmq.messages import (
    beginning,
    is_beginning,
    marker,
    message_of,
)
from windlass_services.streams.rabbitmq.names import LOSSES, Names, Place

_BETWEEN_REQUESTS: Final = 0.05
# A predecessor that cannot answer loses its connection before: see the heartbeat.
_LONGEST_HANDOVER: Final = 20.0
_LONGER_THAN_THE_WAIT: Final = 5.0
_READERS: Final = count()


class Reader:
    """Fetches with a consumer that lasts no longer than a read.

    So what nobody has asked for yet stays in the queue: it counts as lag, keeps to the cap, and
    needs no handing over.
    """

    def __init__(self, connection: Connection, names: Names, place: Place, cap: int) -> None:
        self._connection = connection
        self._names = names
        self._place = place
        self._cap = cap
        self._serial = next(_READERS)
        self._is_begun = False
        self._opening = anyio.Lock()
        self._reading = anyio.Lock()
        self._looking = anyio.Lock()
        self._queue: AbstractQueue | None = None
        self._channel: AbstractChannel | None = None
        self._owner: AbstractQueue | None = None
        self._eviction: asyncio.Task[None] | None = None
        self._handed: dict[str, tuple[Delivery, AbstractIncomingMessage]] = {}

    @property
    def is_open(self) -> bool:
        return self._channel is not None and not self._channel.is_closed

    @property
    def is_over(self) -> bool:
        """Whether it was open, or could not be opened: the next one has to be a new one."""
        return self._is_begun and not self.is_open

    @property
    def is_evicted(self) -> bool:
        """Whether another process has claimed this partition since."""
        return self._eviction is not None

    async def open(self) -> None:
        """Make the queue unless it is there, which counts as a loss; and a channel to it."""
        async with self._opening:
            if self._is_begun:
                return
            try:
                async with self._connection.guarded():
                    if not await self._exists():
                        await self._make()
                    self._channel = await self._connection.channel()
                    self._queue = await self._channel.get_queue(self._place.queue, ensure=False)
            finally:
                self._is_begun = True

    async def claim(self) -> None:
        """Be the only one who reads, once the predecessor has let go of what it had."""
        until = anyio.current_time() + _LONGEST_HANDOVER
        while self._owner is None:
            if anyio.current_time() > until:
                raise BrokerUnavailable(f"Another process does not let go of {self._place.queue}")
            async with self._connection.guarded():
                self._owner = await self._lock()
                if self._owner is not None:
                    return
                shared = await self._connection.shared()
                await shared.default_exchange.publish(marker(), self._place.owner, mandatory=False)
            await anyio.sleep(_BETWEEN_REQUESTS)

    async def read(self, limit: int, wait: timedelta) -> list[Delivery]:
        """What is next, at most `limit`; what was fetched and not returned goes back."""
        async with self._reading:
            channel, queue = self._channel, self._queue
            if channel is None or queue is None:
                raise BrokerUnavailable(f"This process does not read {self._place.queue} any more")
            try:
                async with self._connection.guarded(wait.total_seconds() + _LONGER_THAN_THE_WAIT):
                    fetched = await fetch(channel, queue, limit=limit, wait=wait)
            except BaseException:
                await self.close()
                raise
        for incoming in fetched:
            position = f"{self._serial}-{incoming.delivery_tag}"
            place = self._place
            delivery = Delivery(place.topic, place.partition, position, message_of(incoming))
            self._handed[position] = (delivery, incoming)
        return [self._handed[f"{self._serial}-{one.delivery_tag}"][0] for one in fetched]

    def handed(self, limit: int) -> list[Delivery]:
        """What was returned by reads and not acknowledged, oldest first."""
        return [delivery for delivery, _ in islice(self._handed.values(), limit)]

    async def acknowledge(self, positions: Sequence[str]) -> None:
        """Those of an earlier reader are passed over: their messages come again."""
        known = [position for position in positions if position in self._handed]
        if not known:
            return
        incoming = [self._handed[position][1] for position in known]
        async with self._connection.guarded():
            if known == list(islice(self._handed, len(known))):
                await incoming[-1].ack(multiple=True)
            else:
                for one in incoming:
                    await one.ack()
        for position in known:
            del self._handed[position]

    async def unfinished(self) -> int:
        """What is in the queue, and what was read here and not acknowledged."""
        if self._channel is None:
            raise BrokerUnavailable(f"This process does not read {self._place.queue} any more")
        async with self._connection.guarded():
            # Over the channel that reads, so that what is on its way has arrived before the answer.
            waiting = await waiting_in(self._channel, self._place.queue)
        return waiting + len(self._handed)

    async def loss(self) -> str | None:
        """Which loss is not mended yet."""
        async with self._looking, self._connection.guarded():
            incoming = await self._newest_loss()
            if incoming is not None:
                await incoming.nack(requeue=True)
        return None if incoming is None else incoming.message_id

    async def mend(self, loss: str | None) -> None:
        """Forget this loss, or that the queue was made; unless there was another loss since."""
        async with self._looking, self._connection.guarded():
            incoming = await self._newest_loss()
            if incoming is None:
                return
            is_this = is_beginning(incoming) if loss is None else incoming.message_id == loss
            if is_this:
                await incoming.ack()
            else:
                await incoming.nack(requeue=True)

    async def close(self) -> None:
        """Give back what is not acknowledged, then the right to read."""
        channel, self._channel = self._channel, None
        owner, self._owner = self._owner, None
        self._handed.clear()
        with anyio.CancelScope(shield=True):
            try:
                async with self._connection.guarded():
                    if channel is not None:
                        await channel.close()
                    if owner is not None:
                        async with self._connection.scratch() as scratch:
                            await scratch.queue_delete(owner.name)
            except BrokerUnavailable:
                return  # both are gone with the connection

    async def _exists(self) -> bool:
        async with self._connection.scratch() as scratch:
            try:
                await scratch.declare_queue(self._place.queue, passive=True)
            except ChannelNotFoundEntity:
                return False
        return True

    async def _make(self) -> None:
        place = self._place
        shared = await self._connection.shared()
        await shared.declare_queue(place.losses, durable=True, arguments=LOSSES)
        await shared.default_exchange.publish(beginning(), place.losses)
        queue = await shared.declare_queue(
            place.queue, durable=True, arguments=place.arguments(self._cap)
        )
        name = self._names.exchange(place.topic)
        exchange = await self._connection.exchange(name, ExchangeType.DIRECT)
        await queue.bind(exchange, str(place.partition))

    async def _lock(self) -> AbstractQueue | None:
        async with self._connection.scratch() as scratch:
            try:
                await scratch.declare_queue(self._place.owner, exclusive=True)
            except ChannelLockedResource:
                return None
        if self._channel is None:
            raise BrokerUnavailable(f"This process does not read {self._place.queue} any more")
        owner = await self._channel.get_queue(self._place.owner, ensure=False)
        await owner.consume(self._let_go, no_ack=True)
        return owner

    async def _let_go(self, request: AbstractIncomingMessage) -> None:
        del request
        if self._eviction is None:  # in a task that does not end with the channel
            self._eviction = asyncio.create_task(self.close())

    async def _newest_loss(self) -> AbstractIncomingMessage | None:
        shared = await self._connection.shared()
        queue = await shared.declare_queue(self._place.losses, durable=True, arguments=LOSSES)
        if not queue.declaration_result.message_count:
            return None
        return await queue.get(fail=False)
