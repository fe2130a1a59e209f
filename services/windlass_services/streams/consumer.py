"""A durable consumer: reads the partitions it owns, and knows when to look at the table instead."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import anyio

from windlass.clock import Clock, utc_now
from windlass.exceptions import ServerBusy
from windlass_services.runtime.metrics import DEAD_LETTERS, REPLAYS
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.handover import Handler, Handover
from windlass_services.streams.ownership import Ownership
from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import Delivery, Streams

Replay: TypeAlias = Callable[[frozenset[int]], Awaitable[None]]
"""Does from the table whatever messages of these partitions may have been lost, with overlap."""

Progress: TypeAlias = Callable[[datetime, Mapping[int, datetime]], None]
"""Hears when the least successful loop of a consumer last succeeded; and, of each partition of
which that is known, the moment before which everything that was published is done."""

TRANSIENT: Final[tuple[type[Exception], ...]] = (OSError, ServerBusy, BrokerUnavailable)
"""Errors that time repairs."""

_WAIT: Final = timedelta(seconds=5)


@dataclass(slots=True, kw_only=True)
class Consumer:
    """One group's work on one topic in this process; run it once.

    Each owned partition has a loop of its own, so a busy or failing one does not hold up the
    others, and messages of one key are handled in order. A message may be handled more than once
    (after a crash, a change of owner, a replay): the handler recognises it by its id.
    """

    streams: Streams
    topic: str
    group: str
    name: str
    """This process among the consumers of the group; new at every start."""
    owner: Ownership
    handler: Handler
    """Gets up to `batch` deliveries of one partition, which are acknowledged when it returns; is
    cancelled when the partition is lost. `Handover` says what happens when it raises."""
    replay: Replay | None = None
    """Called when messages may be missing; None for work that a sweeper repairs anyway."""
    progress: Progress | None = None
    batch: int = 500
    linger: timedelta = timedelta(0)
    """How long a batch that is not full waits for more."""
    transient: tuple[type[Exception], ...] = TRANSIENT
    """What handler, replay and owner raise when time repairs it: waited out, for ever."""
    check_every: timedelta = timedelta(seconds=1)
    """How often to look at the ownership and for gaps."""
    clock: Clock = utc_now

    _loops: "dict[int, _Loop]" = field(init=False, default_factory=dict[int, "_Loop"])
    _checked: dict[str, datetime] = field(init=False, default_factory=dict[str, datetime])

    async def run(self) -> None:
        """Consume until cancelled; an outage of the broker is waited out.

        What replay or owner raise besides `transient` ends it, as an exception group.
        """
        # So that they are exported as 0 before the first one.
        DEAD_LETTERS.labels(self.topic)
        REPLAYS.labels(self.topic, self.group)
        async with anyio.create_task_group() as tasks:
            if self.replay is not None:
                tasks.start_soon(self._watch_gaps, self.replay)
            while True:
                with suppress(*self.transient):
                    owned = await self.owner.owned()
                    for lost in self._loops.keys() - owned:
                        self._loops.pop(lost).scope.cancel()
                    for gained in sorted(owned - self._loops.keys()):
                        self._loops[gained] = _Loop(gained, self.clock())
                        tasks.start_soon(self._consume, self._loops[gained])
                    self._note_check("ownership")
                await anyio.sleep(self.check_every.total_seconds())

    async def _consume(self, loop: "_Loop") -> None:
        failures = 0
        with loop.scope:
            while True:
                try:
                    await self._inherit(loop)
                    while True:
                        asked_at = self.clock()
                        deliveries = await self._next_batch(loop)
                        await self._handle(deliveries)
                        if len(deliveries) < self.batch:
                            loop.read_until = asked_at
                        self._note_success(loop)
                        failures = 0
                except BrokerUnavailable:
                    # What was on its way to us is pending, so the next turn inherits it. What
                    # a fail-over lost left no trace, so the table is read again as well.
                    loop.is_doubtful = True
                    await anyio.sleep(pause(failures))
                    failures += 1

    async def _inherit(self, loop: "_Loop") -> None:
        while deliveries := await self.streams.take_over(
            self.topic, self.group, loop.partition, self.name, limit=self.batch
        ):
            await self._handle(deliveries)
            self._note_success(loop)
        loop.is_settled = True

    async def _next_batch(self, loop: "_Loop") -> list[Delivery]:
        deliveries = await self._read(loop, self.batch, _WAIT)
        if self.linger and 0 < len(deliveries) < self.batch:
            await anyio.sleep(self.linger.total_seconds())
            deliveries += await self._read(loop, self.batch - len(deliveries), timedelta(0))
        return deliveries

    async def _read(self, loop: "_Loop", limit: int, wait: timedelta) -> list[Delivery]:
        return await self.streams.read(
            self.topic, self.group, loop.partition, self.name, limit=limit, wait=wait
        )

    async def _handle(self, deliveries: list[Delivery]) -> None:
        if deliveries:
            to_do = [one for one in deliveries if self.group not in one.message.done_for]
            if to_do:
                hand_over = Handover(self.handler, self.transient, self._set_aside)
                await hand_over(to_do)
            await self.streams.acknowledge(self.topic, self.group, deliveries)

    async def _set_aside(self, delivery: Delivery, reason: str) -> None:
        await self.streams.dead_letter(delivery, reason)
        DEAD_LETTERS.labels(self.topic).inc()

    async def _watch_gaps(self, replay: Replay) -> None:
        while True:
            with suppress(BrokerUnavailable, *self.transient):
                await self._mend_gaps(replay)
                self._note_check("gaps")
            await anyio.sleep(self.check_every.total_seconds())

    async def _mend_gaps(self, replay: Replay) -> None:
        begun = self.clock()
        read_until = {loop: loop.read_until for loop in self._loops.values()}
        await self.streams.ensure_epoch(self.topic, begun.isoformat())
        gaps = await self.streams.gaps(self.topic, self.group)
        # Not before it is settled: only then does the group exist, so that a loss is counted.
        settled = [loop for loop in self._loops.values() if loop.is_settled]
        broken = [loop for loop in settled if loop.is_doubtful or loop.partition in gaps]
        for loop in settled:
            # Only now: a stream that lost everything reads as one that is done.
            if loop not in broken and (until := read_until.get(loop)) is not None:
                loop.finished_until = until
        if not broken:
            return
        for loop in broken:
            loop.is_doubtful = False
        partitions = frozenset(loop.partition for loop in broken)
        try:
            await replay(partitions)
        except BaseException:
            for loop in broken:
                loop.is_doubtful = True
            raise
        for loop in broken:
            loop.read_until = loop.finished_until = begun
        REPLAYS.labels(self.topic, self.group).inc(len(partitions))
        mended = {n: loss for n, loss in gaps.items() if n in partitions}
        await self.streams.mend(self.topic, self.group, mended)

    def _note_success(self, loop: "_Loop") -> None:
        loop.succeeded = self.clock()
        self._report()

    def _note_check(self, check: str) -> None:
        self._checked[check] = self.clock()
        self._report()

    def _report(self) -> None:
        if self.progress is not None:
            loops = self._loops.values()
            least = min([*self._checked.values(), *(loop.succeeded for loop in loops)])
            self.progress(
                least, {one.partition: one.finished_until for one in loops if one.finished_until}
            )


@dataclass(slots=True, eq=False)
class _Loop:
    """The work on one owned partition."""

    partition: int
    succeeded: datetime
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_settled: bool = False
    """What the former owner left is done."""
    is_doubtful: bool = False
    """The broker was away."""
    read_until: datetime | None = None
    """When there was last nothing more to read; what the broker lost meanwhile was not read."""
    finished_until: datetime | None = None
    """The same, and the broker had lost nothing until then."""
