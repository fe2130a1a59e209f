"""How many events there are: by name, by resource, and interval by interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import RequestInvalid
from windlass.schemas.events import Countable, EventCount, TimeUnit
from windlass.schemas.filters.events import EventFilter, EventOccurredFilter
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.events import events_matching
from windlass_services.storage.run_durations import moment, seconds_between
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event

MOST_INTERVALS: Final = 1000

_LENGTHS: Final[Mapping[TimeUnit, timedelta]] = {
    TimeUnit.WEEK: timedelta(weeks=1),
    TimeUnit.DAY: timedelta(days=1),
    TimeUnit.HOUR: timedelta(hours=1),
    TimeUnit.MINUTE: timedelta(minutes=1),
    TimeUnit.SECOND: timedelta(seconds=1),
}
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
"""Where intervals are counted from: weeks begin on Mondays, the others on the clock."""
_LOOK_BACK: Final = timedelta(days=180)
_LAST_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EventIntervals:
    """Equal intervals that cover a period: `count` of them from `start` on."""

    start: datetime
    length: timedelta
    count: int

    @classmethod
    def of(cls, since: datetime, until: datetime, unit: TimeUnit, interval: float) -> Self:
        """Intervals of so many units. Raises `RequestInvalid` for too many or impossible ones."""
        try:
            length = _LENGTHS[unit] * interval
            start = since - (since - _MONDAY) % length
            count = max(ceil((until - start) / length), 0)
            assert start + count * length >= start
        except OverflowError:
            raise RequestInvalid(
                "The intervals go beyond the last date that there is: shorten them or the period."
            ) from None
        if count > MOST_INTERVALS:
            raise RequestInvalid(
                f"The period would be divided into {count} intervals, and {MOST_INTERVALS} are the"
                " most: make the intervals longer, or the period shorter."
            )
        return cls(start, length, count)


async def count_events_in_groups(
    connection: AsyncConnection,
    scope: Scope,
    asked: EventFilter,
    by: Countable,
    limit: int,
    *,
    now: datetime,
) -> list[EventCount]:
    """The events that match by their name or their resource: the `limit` largest groups.

    Each with when its first and its last event occurred.
    """
    group = event.c.resource_id if by is Countable.RESOURCE else event.c.event
    count = sa.func.count()
    first, last = sa.func.min(event.c.occurred), sa.func.max(event.c.occurred)
    rows = await connection.execute(
        sa.select(group, count, first, last)
        .where(events_matching(connection, scope, asked, now))
        .group_by(group)
        .order_by(count.desc(), group)
        .limit(limit)
        .execution_options(**BOUNDED)
    )
    return [
        EventCount(value=name, label=name, count=found, start_time=start, end_time=end)
        for name, found, start, end in rows
    ]


async def count_events_by_time(
    connection: AsyncConnection,
    scope: Scope,
    asked: EventFilter,
    unit: TimeUnit,
    interval: float,
    *,
    now: datetime,
) -> list[EventCount]:
    """The events that match, interval by interval; those without any are there too.

    Raises `RequestInvalid` for more than `MOST_INTERVALS` intervals.
    """
    since = asked.occurred.since or (now - _LOOK_BACK).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    until = asked.occurred.until or now
    intervals = EventIntervals.of(since, until, unit, interval)
    period = EventOccurredFilter(since=since, until=until)
    within = asked.model_copy(update={"occurred": period})
    elapsed = seconds_between(moment(intervals.start), event.c.occurred)
    number = sa.cast(sa.func.floor(elapsed / intervals.length.total_seconds()), sa.Integer)
    number = number.label("number")
    rows = await connection.execute(
        sa.select(number, sa.func.count())
        .where(events_matching(connection, scope, within, now))
        .group_by(number)
        .execution_options(**BOUNDED)
    )
    counts = {index: count for index, count in rows}
    starts = (intervals.start + index * intervals.length for index in range(intervals.count))
    return [
        EventCount(
            value=str(index),
            label=start.isoformat(),
            count=counts.get(index, 0),
            start_time=start,
            end_time=start + intervals.length - _LAST_MOMENT,
        )
        for index, start in enumerate(starts)
    ]
