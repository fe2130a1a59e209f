"""The evaluator: events that automations wait for are counted, and make them fire."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import anyio
from pydantic_core import from_json

from windlass_services.events.intake import announce
from windlass_services.events.rows import EVALUATOR
from windlass_services.orchestration.channels import AUTOMATIONS_CHANGED
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import perform
from windlass_services.storage.database import Connection
from windlass_services.storage.event_rows import insert_event_rows
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.scope import Scope
from windlass_services.storage.trigger_buckets import (
    BucketKey,
    delete_buckets,
    hold_buckets,
    write_buckets,
)
from windlass_services.storage.watched_automations import hold_automations
from windlass_services.streams.consumer import TRANSIENT
from windlass_services.streams.protocol import Delivery
from windlass_services.triggers.bucket_rows import bucket_of, row_of
from windlass_services.triggers.buckets import Bucket, Firing, counted, is_immediate
from windlass_services.triggers.deadlines import deadline_duty, forgetting_duty
from windlass_services.triggers.durable import DurableGroup
from windlass_services.triggers.firings import firing_event
from windlass_services.triggers.matching import Event, Match, Matcher
from windlass_services.triggers.watching import WatchedAutomations

GROUP: Final = EVALUATOR
_LOOK_EVERY: Final = 2.0


async def run_evaluator(services: ServiceContext) -> None:
    """Evaluate until cancelled. Without automations no event is read, let alone parsed."""
    watched = WatchedAutomations(services)
    evaluator = Evaluator(services, watched)
    group = DurableGroup(services, GROUP, evaluator.evaluate, begins=evaluator.begins)
    pulse, grace = services.pulse, services.grace
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, deadline_duty(services, watched), pulse, grace)
        tasks.start_soon(perform, forgetting_duty(services, watched), pulse, grace)
        tasks.start_soon(perform, group.replay.progress_duty(), pulse, grace)
        await _asleep(services, watched, group)
        await group.consume(evaluator)


async def _asleep(
    services: ServiceContext, watched: WatchedAutomations, group: DurableGroup
) -> None:
    """Return when there is an automation. The group is new then, and begins with the table."""
    async with services.streams.listen([AUTOMATIONS_CHANGED]) as changes:
        while True:
            now = services.clock()
            with suppress(*TRANSIENT):
                if (await watched.current()).watches:
                    return
                group.skip_until(now)
            with anyio.move_on_after(_LOOK_EVERY):
                await anext(changes)


class Evaluator:
    """Handles batches of events. Handling one twice changes nothing."""

    def __init__(self, services: ServiceContext, watched: WatchedAutomations) -> None:
        self._services = services
        self._watched = watched

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Evaluate a batch of messages."""
        matcher = await self._watched.current()
        if matcher.watches:
            events = [from_json(delivery.message.body) for delivery in deliveries]
            await self._evaluate(matcher, events)

    async def begins(self) -> datetime | None:
        """Since when events count for any automation; None: there is none."""
        matcher = await self._watched.refresh()
        return min((watch.since for watch in matcher.watches), default=None)

    async def evaluate(self, events: Sequence[Event]) -> None:
        """Evaluate events, whether they came as messages or from the table."""
        await self._evaluate(await self._watched.current(), events)

    async def _evaluate(self, matcher: Matcher, events: Sequence[Event]) -> None:
        """Count events in one transaction, with the firings; then tell of these."""
        while matches := [match for event in events for match in matcher.matches(event)]:
            rows = await self._apply(matches)
            if rows is not None:
                return await announce(self._services.publisher, rows)
            matcher = await self._watched.refresh()

    async def _apply(self, matches: Sequence[Match]) -> list[EventRow] | None:
        """The events of the firings; None if an automation is not the one that matched."""
        now = self._services.clock()
        async with self._services.database.write() as connection:
            ids = {match.key.automation_id for match in matches}
            current = await hold_automations(connection, Scope(), ids)
            if any(current.get(one.key.automation_id) != one.watch.since for one in matches):
                return None
            immediate = [one for one in matches if is_immediate(one.watch.trigger)]
            fired = [(one, Firing(one.seen.moment, one.seen.id)) for one in immediate]
            bucketed = [one for one in matches if not is_immediate(one.watch.trigger)]
            if bucketed:
                fired += await _count(connection, bucketed, now)
            rows = [
                firing_event(
                    match.watch,
                    match.key,
                    firing,
                    match.event,
                    occurred=match.seen.received,  # a repetition is stored on the same day
                    received=now,
                )
                for match, firing in fired
            ]
            # What a repetition makes again is stored, and announced, as it was at first.
            return await insert_event_rows(connection, Scope().workspace_id, rows)


async def _count(
    connection: Connection, matches: Sequence[Match], now: datetime
) -> list[tuple[Match, Firing]]:
    held = await hold_buckets(connection, Scope(), {match.key for match in matches}, now=now)
    fired: list[tuple[Match, Firing]] = []
    buckets: dict[BucketKey, Bucket] = {}
    changed: dict[BucketKey, datetime] = {}
    for match in matches:
        key, since = match.key, match.watch.since
        if key not in buckets:
            buckets[key] = bucket_of(held[key], since)
        bucket, firing = counted(match.watch.trigger, buckets[key], match.seen)
        if bucket is not buckets[key]:
            buckets[key], changed[key] = bucket, since
        if firing is not None:
            fired.append((match, firing))
    rows = {
        key: row_of(buckets[key], since)
        for key, since in changed.items()
        if not buckets[key].is_empty
    }
    await write_buckets(connection, Scope(), rows, now=now)
    await delete_buckets(connection, [key for key in buckets if buckets[key].is_empty])
    return fired
