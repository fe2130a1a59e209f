# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""Announcements over Redis pub/sub, which loses what is said while nobody is connected."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

import anyio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys
from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import Announcement
from windlass_services.streams.redis.connection import Connection

# A dead peer sends nothing and neither does a quiet channel, so quiet is answered with a ping.
_QUIET: Final = 5.0
_SUBSCRIBED_WITHIN: Final = 3.0
_FAREWELL: Final = 1.0


class Listener:
    """An endless iterator of announcements that reconnects and says so."""

    def __init__(self, connection: Connection, keys: Keys, channels: Collection[str]) -> None:
        self._connection = connection
        self._keys = keys
        self._channels = [keys.channel(name) for name in channels if not name.endswith("*")]
        self._patterns = [keys.channel_pattern(name) for name in channels if name.endswith("*")]
        self._pubsub: PubSub | None = None
        self._pinged = False

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Announcement:
        """The next announcement. Safe to cancel: a wait that is given up loses nothing."""
        while True:
            if self._pubsub is None:
                await self._reconnect()
                return Announcement(resumed=True)
            try:
                announcement = await self._receive(self._pubsub)
            except BrokerUnavailable:
                await self.close()
                continue
            if announcement is not None:
                return announcement

    async def open(self) -> None:
        """Subscribe, or leave it to the first wait if the broker is away."""
        with suppress(BrokerUnavailable):
            await self._subscribe()

    async def close(self) -> None:
        if self._pubsub is not None:
            pubsub, self._pubsub = self._pubsub, None
            await _close(pubsub)

    async def _reconnect(self) -> None:
        failures = 0
        while True:
            try:
                return await self._subscribe()
            except BrokerUnavailable:
                await anyio.sleep(pause(failures))
                failures += 1

    async def _subscribe(self) -> None:
        self._pinged = False
        with self._connection.guarded(), anyio.fail_after(_SUBSCRIBED_WITHIN):
            pubsub = await self._connection.pubsub()
            try:
                await self._subscribe_with(pubsub)
            except BaseException:
                # Also of who gives up: the next wait must not find one that is half subscribed.
                with anyio.move_on_after(_FAREWELL, shield=True):
                    await _close(pubsub)
                raise
        self._pubsub = pubsub

    async def _subscribe_with(self, pubsub: PubSub) -> None:
        if self._channels:
            await pubsub.subscribe(*self._channels)
        if self._patterns:
            await pubsub.psubscribe(*self._patterns)
        # Only what is announced after this may be relied on, so what comes between is dropped.
        confirmations = len({*self._channels, *self._patterns})
        while confirmations:
            reply = await _reply(pubsub, _SUBSCRIBED_WITHIN)
            confirmations -= reply is not None and reply["type"].endswith("subscribe")

    async def _receive(self, pubsub: PubSub) -> Announcement | None:
        with self._connection.guarded():
            reply = await _reply(pubsub, _QUIET)
            if reply is None:
                if self._pinged:
                    raise TimeoutError("it did not answer a ping")
                await pubsub.ping()
            self._pinged = reply is None
        if reply is None or not reply["type"].endswith("message"):
            return None
        return Announcement(
            channel=self._keys.channel_name(reply["channel"].decode()),
            payload=reply["data"].decode(),
        )


async def _close(pubsub: PubSub) -> None:
    with suppress(RedisError, OSError):
        await pubsub.aclose()


async def _reply(pubsub: PubSub, timeout: float) -> dict[str, Any] | None:
    return await pubsub.get_message(timeout=timeout)
