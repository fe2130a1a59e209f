"""Streams on Redis: a stream per partition, consumer groups, pub/sub for announcements."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

import anyio

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys, partition_of
from windlass_services.streams.protocol import (
    PARTITIONS,
    Announcement,
    DeadLetter,
    Delivery,
    Gaps,
    Message,
)
from windlass_services.streams.redis.clients import Argument, Reply
from windlass_services.streams.redis.connection import (
    GROUP_IS_MISSING,
    LONGEST_BLOCK,
    Connection,
    Refused,
)
from windlass_services.streams.redis.entries import Fields, fields_of, message_of
from windlass_services.streams.redis.listener import Listener
from windlass_services.streams.redis.scripts import load_script
from windlass_services.streams.redis.tail import Tail

_DEAD_LETTERS: Final = 10_000
_REDRIVEN_AT_ONCE: Final = 500


class RedisStreams:
    """Streams that any number of processes share."""

    replicated: ClassVar[bool] = True
    partitions: ClassVar[int] = PARTITIONS

    def __init__(self, url: str, *, workspace: str = "default", cap: int = 200_000) -> None:
        """`cap`: how many messages a topic keeps, give or take a tenth."""
        self._connection = Connection(url)
        self._keys = Keys(workspace)
        self._cap = max(cap // PARTITIONS, 1)
        self._publish = load_script("publish")
        self._take_over = load_script("take_over")

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        by_partition: dict[int, list[Argument]] = {}
        for message in messages:
            arguments = by_partition.get(partition := partition_of(message.key))
            if arguments is None:
                arguments = by_partition[partition] = [self._cap, self._cap + self._cap // 10]
            arguments += (message.key, message.id, " ".join(message.done_for), message.body)
        if by_partition:
            await self._publish.run(
                self._connection,
                [
                    ((self._keys.stream(topic, n), self._keys.gaps(topic, n)), arguments)
                    for n, arguments in by_partition.items()
                ],
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
        stream = self._keys.stream(topic, partition)
        until = anyio.current_time() + wait.total_seconds()
        while True:
            rest = until - anyio.current_time()
            block = ("BLOCK", int(min(rest, LONGEST_BLOCK) * 1000) or 1) if rest > 0 else ()
            try:
                reply = await self._connection.wait(
                    *("XREADGROUP", "GROUP", group, consumer, "COUNT", limit),
                    *block,
                    *("STREAMS", stream, ">"),
                    key=stream,
                )
            except Refused as refused:
                await self._make_group(topic, group, partition, refused)
                continue
            if reply:
                return _deliveries(topic, partition, reply[0][1])
            if not block or anyio.current_time() >= until:
                return []

    async def acknowledge(self, topic: str, group: str, deliveries: Sequence[Delivery]) -> None:
        positions: dict[int, list[str]] = {}
        for delivery in deliveries:
            positions.setdefault(delivery.partition, []).append(delivery.position)
        await self._connection.all(
            ("XACK", self._keys.stream(topic, partition), group, *of_partition)
            for partition, of_partition in positions.items()
        )

    async def take_over(
        self, topic: str, group: str, partition: int, consumer: str, *, limit: int
    ) -> list[Delivery]:
        keys = [self._keys.stream(topic, partition)]
        while True:
            try:
                [entries] = await self._take_over.run(
                    self._connection, [(keys, (group, consumer, limit))]
                )
            except Refused as refused:
                await self._make_group(topic, group, partition, refused)
                continue
            return _deliveries(topic, partition, [(at, fields_of(flat)) for at, flat in entries])

    async def epoch(self, topic: str) -> str | None:
        value: bytes | None = await self._connection.call("GET", self._keys.epoch(topic))
        return None if value is None else value.decode()

    async def ensure_epoch(self, topic: str, value: str) -> str:
        key = self._keys.epoch(topic)
        _, epoch = await self._connection.all([("SET", key, value, "NX"), ("GET", key)])
        return epoch.decode()

    async def gaps(self, topic: str, group: str) -> Gaps:
        epoch, *counts = await self._connection.all(
            [
                ("GET", self._keys.epoch(topic)),
                *(
                    ("HMGET", self._keys.gaps(topic, n), f"lost:{group}", f"mended:{group}")
                    for n in range(PARTITIONS)
                ),
            ]
        )
        losses = {n: b"%b/%b" % (epoch or b"", lost or b"0") for n, (lost, _) in enumerate(counts)}
        return {n: loss.decode() for n, loss in losses.items() if loss != counts[n][1]}

    async def mend(self, topic: str, group: str, gaps: Gaps) -> None:
        await self._connection.all(
            ("HSET", self._keys.gaps(topic, n), f"mended:{group}", loss) for n, loss in gaps.items()
        )

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        message = delivery.message
        await self._connection.call(
            *("XADD", self._keys.dead_letters(delivery.topic), "MAXLEN", "~", _DEAD_LETTERS, "*"),
            *("k", message.key, "i", message.id, "d", " ".join(message.done_for)),
            *("b", message.body, "n", delivery.partition, "p", delivery.position, "r", reason),
        )

    async def dead_letters(self, topic: str, limit: int) -> list[DeadLetter]:
        entries = await self._connection.call(
            "XREVRANGE", self._keys.dead_letters(topic), "+", "-", "COUNT", limit
        )
        # Redis answers with nothing, and not with an empty list, where none are asked for.
        return [_dead_letter(topic, position, fields) for position, fields in entries or ()]

    async def redrive(self, topic: str, ids: Collection[str] | None) -> int:
        key = self._keys.dead_letters(topic)
        newest = await self._connection.call("XREVRANGE", key, "+", "-", "COUNT", 1)
        redriven, start = 0, b"-"
        # What fails again comes behind the last one of now, and is not redriven once more.
        last: bytes = newest[0][0] if newest else b"-"
        count = _REDRIVEN_AT_ONCE
        while page := await self._connection.call("XRANGE", key, start, last, "COUNT", count):
            found: list[tuple[bytes, Message]] = [(at, message_of(fields)) for at, fields in page]
            chosen = [(at, message) for at, message in found if ids is None or message.id in ids]
            if chosen:
                await self.publish(topic, [message for _, message in chosen])
                await self._connection.call("XDEL", key, *(at for at, _ in chosen))
            redriven += len(chosen)
            start = b"(" + found[-1][0]
        return redriven

    async def announce(self, channel: str, payload: str = "") -> None:
        try:
            await self._connection.call("PUBLISH", self._keys.channel(channel), payload)
        except BrokerUnavailable:
            return

    @asynccontextmanager
    async def listen(
        self, channels: Collection[str]
    ) -> AsyncGenerator[AsyncIterator[Announcement]]:
        listener = Listener(self._connection, self._keys, channels)
        await listener.open()
        try:
            yield listener
        finally:
            await listener.close()

    @asynccontextmanager
    async def tail(self, topic: str) -> AsyncGenerator[AsyncIterator[Message]]:
        tail = Tail(self._connection, self._keys, topic, cap=self._cap)
        await tail.open()
        yield tail

    async def lag(self, topic: str, group: str) -> int:
        streams = [self._keys.stream(topic, n) for n in range(PARTITIONS)]
        replies = await self._connection.batch(
            [
                *(("XLEN", stream) for stream in streams),
                *(("XINFO GROUPS", stream) for stream in streams),
            ]
        )
        pairs = zip(replies[:PARTITIONS], replies[PARTITIONS:], strict=True)
        return sum(_unfinished(length, groups, group) for length, groups in pairs)

    async def ping(self) -> None:
        await self._connection.call("PING")

    async def close(self) -> None:
        await self._connection.close()

    async def _make_group(self, topic: str, group: str, partition: int, refused: Refused) -> None:
        """Make the group that Redis says it misses; whatever it had read before is in doubt."""
        if refused.code not in GROUP_IS_MISSING:
            raise refused
        created, forgotten = await self._connection.batch(
            [
                (
                    *("XGROUP CREATE", self._keys.stream(topic, partition), group, "0"),
                    "MKSTREAM",
                ),
                ("HDEL", self._keys.gaps(topic, partition), f"mended:{group}"),
            ]
        )
        for reply in (created, forgotten):
            if isinstance(reply, Refused) and reply.code != "BUSYGROUP":
                raise reply


def _deliveries(
    topic: str, partition: int, entries: Iterable[tuple[bytes, Fields]]
) -> list[Delivery]:
    return [
        Delivery(topic, partition, position.decode(), message_of(fields))
        for position, fields in entries
    ]


def _dead_letter(topic: str, position: bytes, fields: Fields) -> DeadLetter:
    milliseconds = int(position.split(b"-")[0])
    return DeadLetter(
        delivery=Delivery(topic, int(fields[b"n"]), fields[b"p"].decode(), message_of(fields)),
        reason=fields[b"r"].decode(),
        at=datetime.fromtimestamp(milliseconds / 1000, UTC),
    )


def _unfinished(length: Reply, groups: Reply, group: str) -> int:
    if isinstance(groups, Refused):  # there is no such stream
        return 0
    for found in groups:
        if found["name"] == group.encode():
            # Redis cannot always count what is left; what the stream holds is the most it can be.
            undelivered = found.get("lag")
            return length if undelivered is None else undelivered + found["pending"]
    return length
