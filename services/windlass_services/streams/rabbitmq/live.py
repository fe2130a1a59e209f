"""What is heard at this moment: announcements and live views, each over a queue of its own."""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final
from uuid import uuid4

import anyio
from aio_pika.abc import (
    AbstractChannel,
    AbstractIncomingMessage,
    AbstractQueue,
    ExchangeType,
)
from pamqp.common import Arguments

from windlass_services.runtime.metrics import LIVE_DROPPED
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import PARTITIONS, Announcement, Message
from windlass_services.streams.rabbitmq.connection import Connection
from windlass_services.streams.rabbitmq.messages import message_of
from windlass_services.streams.rabbitmq.names import Names, binding_key, covers, live_arguments

_AHEAD: Final = 200
"""How many messages wait in this process; the others wait at the broker, up to its bound."""


class Listener:
    """An endless iterator of announcements that reconnects and says so."""

    def __init__(self, connection: Connection, names: Names, channels: Collection[str]) -> None:
        self._channels = frozenset(channels)
        keys = sorted({binding_key(name) for name in channels})
        exchange = names.announcements
        self._queue = _LiveQueue(connection, names, exchange, ExchangeType.TOPIC, keys)

    async def open(self) -> None:
        """Subscribe, or leave it to the first wait if the broker is away."""
        await self._queue.open()

    async def close(self) -> None:
        await self._queue.close()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Announcement:
        """The next announcement. Safe to cancel: a wait that is given up loses nothing."""
        while True:
            incoming = await self._queue.next()
            if incoming is None:
                return Announcement(resumed=True)
            channel = str(incoming.headers["c"])
            if any(covers(name, channel) for name in self._channels):
                return Announcement(channel, incoming.body.decode())


class Tail:
    """An endless iterator of the messages of a topic that are published from now on."""

    def __init__(self, connection: Connection, names: Names, topic: str) -> None:
        keys = [str(partition) for partition in range(PARTITIONS)]
        exchange = names.exchange(topic)
        # So that it is exported as 0 before the first one.
        self._dropped = LIVE_DROPPED.labels(topic)
        self._queue = _LiveQueue(
            connection, names, exchange, ExchangeType.DIRECT, keys, self._note_dropped
        )

    async def open(self) -> None:
        await self._queue.open()

    async def close(self) -> None:
        await self._queue.close()

    def __aiter__(self) -> "Tail":
        return self

    async def __anext__(self) -> Message:
        """The next message. Safe to cancel: a wait that is given up loses nothing."""
        while (incoming := await self._queue.next()) is None:
            pass
        return message_of(incoming)

    async def _note_dropped(self, _: AbstractIncomingMessage) -> None:
        self._dropped.inc()


class _LiveQueue:
    """A queue that is bound to an exchange as long as somebody reads it.

    With `on_drop`, what it drops since nobody reads fast enough comes by another one, to be heard
    of.
    """

    def __init__(
        self,
        connection: Connection,
        names: Names,
        exchange: str,
        kind: ExchangeType,
        keys: Sequence[str],
        on_drop: Callable[[AbstractIncomingMessage], Awaitable[None]] | None = None,
    ) -> None:
        self._on_drop = on_drop
        self._connection = connection
        self._names = names
        self._exchange = exchange
        self._kind = kind
        self._keys = keys
        self._channel: AbstractChannel | None = None
        self._arrived = anyio.Event()
        self._inbox: deque[AbstractIncomingMessage] = deque()

    async def open(self) -> None:
        with suppress(BrokerUnavailable):
            await self._subscribe()

    async def next(self) -> AbstractIncomingMessage | None:
        """The next message; None after a reconnection: some may have been missed."""
        while not self._inbox:
            if self._channel is None or self._channel.is_closed:
                await self._reconnect()
                return None
            self._arrived = anyio.Event()
            await self._arrived.wait()
        incoming = self._inbox.popleft()
        with anyio.CancelScope(shield=True), suppress(BrokerUnavailable):
            async with self._connection.guarded():
                await incoming.ack()
        return incoming

    async def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            with anyio.CancelScope(shield=True), suppress(BrokerUnavailable):
                async with self._connection.guarded():
                    await channel.close()

    async def _reconnect(self) -> None:
        failures = 0
        while True:
            try:
                return await self._subscribe()
            except BrokerUnavailable:
                await anyio.sleep(pause(failures))
                failures += 1

    async def _subscribe(self) -> None:
        self._inbox.clear()
        async with self._connection.guarded():
            exchange = await self._connection.exchange(self._exchange, self._kind)
            channel = await self._connection.channel()
            channel.close_callbacks.add(self._wake)
            await channel.set_qos(prefetch_count=_AHEAD)
            name = self._names.live(uuid4().hex)
            drops = None
            if self._on_drop is not None:
                drops = self._names.drops(name)
                dropped = await _declared(channel, drops, live_arguments())
                await dropped.consume(self._on_drop, no_ack=True)
            queue = await _declared(channel, name, live_arguments(drops))
            for key in self._keys:
                await queue.bind(exchange, key)
            await queue.consume(self._put)
        self._channel = channel

    async def _put(self, incoming: AbstractIncomingMessage) -> None:
        self._inbox.append(incoming)
        self._arrived.set()

    async def _wake(self, *_: object) -> None:
        self._arrived.set()


async def _declared(channel: AbstractChannel, name: str, arguments: Arguments) -> AbstractQueue:
    """A queue of this connection alone, that goes when nobody consumes it."""
    return await channel.declare_queue(name, exclusive=True, auto_delete=True, arguments=arguments)
