"""All that goes to RabbitMQ: one connection, bounded in time, one error, one log line an outage."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from typing import Final
from urllib.parse import urlsplit

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, ExchangeType
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from windlass.exceptions import SettingInvalid
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.outage import Outage

_CONNECT_TIMEOUT: Final = 2.0
_LONGEST_CALL: Final = 5.0
_LONGEST_CLOSE: Final = 0.5
# Seconds. The broker gives up on a client that is silent for up to three times as long, and its
# successor gets what it had: this is how long a fail-over takes when a process freezes.
_HEARTBEAT: Final = 4
_USUAL_PORTS: Final = {"amqp": 5672, "amqps": 5671}
# Among them RuntimeError, with which aiormq says that a channel or a connection is closed.
_FAILURES: Final = CONNECTION_EXCEPTIONS
_CHANNELS: Final = 2_000


class Connection:
    """Connects at the first use, and again after it was lost."""

    def __init__(self, url: str) -> None:
        """Raises SettingInvalid if the URL cannot be read."""
        try:
            parts = urlsplit(url)
            port = parts.port or _USUAL_PORTS[parts.scheme]
        except ValueError as error:
            raise SettingInvalid(
                f"WINDLASS_SERVER_BROKER_URL cannot be read: {error}. Write it as "
                "amqp://user:password@host[:port]/[virtual host] or amqps://... (TLS)."
            ) from error
        self._url = url if "heartbeat=" in parts.query else _with_heartbeat(url)
        self._outage = Outage(f"{parts.hostname or 'localhost'}:{port}")
        # They log each call that an outage ends, which is what `Outage` says once.
        for vendor in ("aiormq", "aio_pika"):
            logging.getLogger(vendor).setLevel(logging.CRITICAL)
        self._connection: AbstractConnection | None = None
        self._connecting = anyio.Lock()
        self._sharing = anyio.Lock()
        self._shared: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._numbers = cycle(range(1, _CHANNELS))
        self._channels: dict[int, AbstractChannel] = {}

    @asynccontextmanager
    async def guarded(self, seconds: float | None = None) -> AsyncGenerator[None]:
        """Turn the vendor's errors into ours, log an outage once, and end in time."""
        self._outage.spare()
        try:
            with anyio.fail_after(_LONGEST_CALL if seconds is None else seconds):
                yield
        except _FAILURES as error:
            is_silent = isinstance(error, TimeoutError)
            why = str(error).rstrip(".") or type(error).__name__
            where = self._outage.where
            problem = BrokerUnavailable(f"The broker at {where} does not answer: {why}")
            self._outage.begin(problem, is_silent=is_silent)
            if is_silent:
                await self.close()
            raise problem from error
        self._outage.end()

    async def channel(self) -> AbstractChannel:
        """A new channel, which is the caller's to close; use it under `guarded`."""
        connection = await self._connected()
        # aiormq would take the lowest number that is free, which the broker may still know as the
        # one of a channel that it has just closed: it then ends the whole connection.
        number = next(n for n in self._numbers if self._is_free(n))
        channel = self._channels[number] = connection.channel(channel_number=number)
        try:
            await channel.initialize()
        except _FAILURES:
            # A connection may be lost without saying so.
            if self._connection is connection:
                await self.close()
            raise
        return channel

    @asynccontextmanager
    async def scratch(self) -> AsyncGenerator[AbstractChannel]:
        """A channel for what the broker may answer by closing it; what it holds goes back."""
        channel = await self.channel()
        try:
            yield channel
        finally:
            with anyio.move_on_after(_LONGEST_CLOSE, shield=True), suppress(*_FAILURES):
                await channel.close()

    async def shared(self) -> AbstractChannel:
        """The channel of everybody's quick calls; what comes over it is confirmed."""
        async with self._sharing:
            if self._shared is None or self._shared.is_closed:
                self._exchanges = {}
                self._shared = await self.channel()
            return self._shared

    async def exchange(self, name: str, kind: ExchangeType) -> AbstractExchange:
        """An exchange over the shared channel, declared once for each channel."""
        channel = await self.shared()
        if name not in self._exchanges:
            self._exchanges[name] = await channel.declare_exchange(name, kind, durable=True)
        return self._exchanges[name]

    async def close(self) -> None:
        connection, self._connection, self._shared = self._connection, None, None
        if connection is not None:
            with anyio.move_on_after(_LONGEST_CLOSE, shield=True), suppress(*_FAILURES):
                await connection.close()

    def _is_free(self, number: int) -> bool:
        return number not in self._channels or self._channels[number].is_closed

    async def _connected(self) -> AbstractConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed:
                self._channels = {}
                self._connection = await aio_pika.connect(self._url, timeout=_CONNECT_TIMEOUT)
            return self._connection


def _with_heartbeat(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}heartbeat={_HEARTBEAT}"
