"""Proactive triggers: what did not happen in time makes them fire."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from windlass.schemas.events import RESOURCE_ID
from windlass_services.events.intake import announce
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.database import Connection
from windlass_services.storage.event_rows import insert_event_rows
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.scope import Scope
from windlass_services.storage.trigger_buckets import (
    BucketKey,
    BucketRow,
    Evidence,
    add_buckets,
    delete_buckets,
    forget_buckets,
    hold_due_buckets,
    is_any_due,
    read_events_of_ids,
    read_evidence,
    write_buckets,
)
from windlass_services.storage.watched_automations import hold_automations
from windlass_services.triggers.bucket_rows import bucket_of, row_of
from windlass_services.triggers.buckets import (
    LATE,
    Bucket,
    Firing,
    counted,
    elapsed,
    is_standing,
    standing,
)
from windlass_services.triggers.firings import firing_event
from windlass_services.triggers.labels import has_ids, key_of, labels_of
from windlass_services.triggers.matching import Matcher, Watch, match_of, names_of
from windlass_services.triggers.received import as_sent
from windlass_services.triggers.watching import WatchedAutomations

_EVERY: Final = timedelta(seconds=1)
_BATCH: Final = 100
_FORGET_EVERY: Final = timedelta(hours=1)
_KEPT: Final = timedelta(days=1)
"""How long a bucket that waits for nothing is kept, so that what comes again counts once."""


class _Due(NamedTuple):
    """A bucket whose window may be over."""

    watch: Watch
    key: BucketKey
    bucket: Bucket


def deadline_duty(services: ServiceContext, watched: WatchedAutomations) -> Duty:
    """Look every second, in every replica; go on at once while there is more than a batch."""
    opened: Matcher | None = None

    async def once() -> int:
        nonlocal opened
        matcher = await watched.current()
        if matcher is not opened:
            await open_standing(services, matcher)
            opened = matcher
        return await fire_overdue(services, matcher, limit=_BATCH)

    return Duty("deadlines", _EVERY, once, busy_at=_BATCH)


def forgetting_duty(services: ServiceContext, watched: WatchedAutomations) -> Duty:
    """Delete every hour what no event will be counted with again."""

    async def once() -> int:
        watches = (await watched.current()).watches
        longest = max((watch.trigger.within for watch in watches), default=timedelta(0))
        before = services.clock() - max(_KEPT, longest + 2 * LATE)
        async with services.database.write() as connection:
            return await forget_buckets(connection, Scope(), before=before)

    return Duty("forget-buckets", _FORGET_EVERY, once)


async def open_standing(services: ServiceContext, matcher: Matcher) -> None:
    """Open the windows of triggers that wait from the moment at which their automation is there."""
    rows = {
        BucketKey(watch.automation.id, watch.trigger.id, key_of(watch.trigger, {})): row_of(
            standing(watch.trigger, watch.since), watch.since
        )
        for watch in matcher.watches
        if is_standing(watch.trigger)
    }
    if rows:
        async with services.database.write() as connection:
            current = await hold_automations(
                connection, Scope(), {key.automation_id for key in rows}
            )
            there = {key: row for key, row in rows.items() if key.automation_id in current}
            await add_buckets(connection, Scope(), there, now=services.clock())


async def fire_overdue(services: ServiceContext, matcher: Matcher, *, limit: int) -> int:
    """Close windows that are over; returns how many buckets were looked at, at most `limit`.

    Before it says that something did not happen it looks into the table: whatever is stored counts,
    also what no consumer came to yet. One replica has a bucket at a time, so it fires once.
    """
    watches = {watch.automation.id: watch for watch in matcher.watches if watch.is_proactive}
    if not watches:
        return 0
    now = services.clock()
    async with services.database.read() as connection:
        if not await is_any_due(connection, Scope(), now=now):
            return 0
    async with services.database.write() as connection:
        rows = await hold_due_buckets(connection, Scope(), now=now, limit=limit)
        due = [_due(watches, key, row) for key, row in rows.items()]
        firings = await _close(connection, [one for one in due if one is not None], now)
        # Of a trigger that is not there any more, or of what it was before it was changed.
        over = [key for key, one in zip(rows, due, strict=True) if one is None]
        await delete_buckets(connection, over)
    await announce(services.publisher, firings)
    return len(rows)


def _due(watches: Mapping[UUID, Watch], key: BucketKey, row: BucketRow) -> _Due | None:
    watch = watches.get(key.automation_id)
    if watch is None or watch.trigger.id != key.trigger_id:
        return None
    bucket = bucket_of(row, watch.since)
    if bucket.opened is None and is_standing(watch.trigger):
        bucket = standing(watch.trigger, watch.since)
    return None if bucket.opened is None else _Due(watch, key, bucket)


async def _close(connection: Connection, due: Sequence[_Due], now: datetime) -> list[EventRow]:
    buckets = {one.key: one.bucket for one in due}
    for watch in {one.key.automation_id: one.watch for one in due}.values():
        await _count_stored(connection, watch, buckets)
    fired: list[tuple[_Due, Firing]] = []
    for one in due:
        buckets[one.key], firing = elapsed(one.watch.trigger, buckets[one.key], now)
        if firing is not None:
            fired.append((one, firing))
    rows = {one.key: row_of(buckets[one.key], one.watch.since) for one in due}
    await write_buckets(connection, Scope(), rows, now=now)
    events = await _events_of(connection, fired, now)
    await insert_event_rows(connection, Scope().workspace_id, events)
    return events


async def _count_stored(
    connection: Connection, watch: Watch, buckets: dict[BucketKey, Bucket]
) -> None:
    """Count what is in the table for the buckets of one trigger."""
    trigger = watch.trigger
    ours = {
        key: bucket.opened
        for key, bucket in buckets.items()
        if key.automation_id == watch.automation.id and bucket.opened is not None
    }
    names = names_of(trigger)
    ids = [labels_of(key.key)[RESOURCE_ID] for key in ours] if has_ids(trigger) else None
    asked = Evidence(
        since=min(opened.at for opened in ours.values()),
        names=None if "*" in names else names,
        resource_ids=ids,
    )
    for row in await read_evidence(connection, Scope(), asked):
        match = match_of(watch, as_sent(row))
        if match is not None and match.key in ours:
            buckets[match.key], _ = counted(trigger, buckets[match.key], match.seen)


async def _events_of(
    connection: Connection, fired: Sequence[tuple[_Due, Firing]], now: datetime
) -> list[EventRow]:
    ids = {firing.triggering_event for _, firing in fired if firing.triggering_event}
    since = min((firing.cause[0] for _, firing in fired), default=now)
    found = await read_events_of_ids(connection, Scope(), ids, since=since)
    sent = {id: as_sent(row) for id, row in found.items()}
    return [
        firing_event(
            one.watch,
            one.key,
            firing,
            sent.get(firing.triggering_event) if firing.triggering_event else None,
            occurred=now,
            received=now,
        )
        for one, firing in fired
    ]
