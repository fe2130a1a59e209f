"""Events counted by group and by time, and one event of each resource, on both dialects."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.conformance.storage.world import SCOPE
from windlass.exceptions import RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.events import Countable, EventCount, ReceivedEvent, TimeUnit
from windlass.schemas.filters.events import EventFilter
from windlass_services.events.rows import row_of_event
from windlass_services.storage import event_counts
from windlass_services.storage.database import Database
from windlass_services.storage.events import count_events, read_events
from windlass_services.storage.paging import Window

TEN: Final = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
NOW: Final = TEN + timedelta(days=1, hours=1)
STORED: Final = (
    ("a", "r1", 0),
    ("a", "r1", 5),
    ("b", "r1", 61),
    ("b", "r2", 62),
    ("c", "r3", 200),
)
"""Names, resources, and minutes after ten."""


@pytest.fixture
async def stored(database: Database) -> Database:
    """The database with the events above in it."""
    events = [
        ReceivedEvent(
            id=uuid7(),
            occurred=minutes_after(minutes),
            received=TEN,
            event=name,
            resource={"prefect.resource.id": resource},  # pyright: ignore[reportArgumentType]
        )
        for name, resource, minutes in STORED
    ]
    await database.hot.insert_events(SCOPE, [row_of_event(one, TEN) for one in events])
    return database


def minutes_after(minutes: int) -> datetime:
    return TEN + timedelta(minutes=minutes)


def asked(since: int = -60, until: int = 300, **more: Any) -> EventFilter:
    """Events between two moments, in minutes after ten."""
    occurred = {"since": minutes_after(since), "until": minutes_after(until)}
    return EventFilter.model_validate({"occurred": occurred, **more})


async def in_groups(database: Database, by: Countable, limit: int = 9) -> list[EventCount]:
    async with database.read() as connection:
        return await event_counts.count_events_in_groups(
            connection, SCOPE, asked(), by, limit, now=NOW
        )


async def by_time(
    database: Database, wanted: EventFilter, unit: TimeUnit, interval: float = 1
) -> list[EventCount]:
    async with database.read() as connection:
        return await event_counts.count_events_by_time(
            connection, SCOPE, wanted, unit, interval, now=NOW
        )


async def test_events_are_counted_by_name_and_by_resource(stored: Database) -> None:
    names = await in_groups(stored, Countable.EVENT)
    assert [(group.value, group.label, group.count) for group in names] == [
        ("a", "a", 2),
        ("b", "b", 2),
        ("c", "c", 1),
    ]
    assert (names[0].start_time, names[0].end_time) == (minutes_after(0), minutes_after(5))
    resources = await in_groups(stored, Countable.RESOURCE, limit=2)
    assert [(group.value, group.count) for group in resources] == [("r1", 3), ("r2", 1)]


@pytest.mark.parametrize(
    ("since", "until", "unit", "interval", "first", "counts"),
    [
        (-60, 300, TimeUnit.HOUR, 1, -60, [0, 2, 2, 0, 1, 0]),
        (-30, 300, TimeUnit.HOUR, 2, -120, [0, 4, 1, 0]),
        (-10, 70, TimeUnit.HOUR, 0.5, -30, [0, 2, 0, 2]),
        (-2, 6, TimeUnit.MINUTE, 1, -2, [0, 0, 1, 0, 0, 0, 0, 1]),
        (-60, 300, TimeUnit.DAY, 1, -600, [5]),
        (5, 5, TimeUnit.DAY, 1, -600, [1]),
        (300, -60, TimeUnit.HOUR, 1, 300, []),
    ],
)
async def test_events_are_counted_in_intervals_on_the_clock(
    stored: Database,
    since: int,
    until: int,
    unit: TimeUnit,
    interval: float,
    first: int,
    counts: list[int],
) -> None:
    found = await by_time(stored, asked(since, until), unit, interval)
    assert [one.count for one in found] == counts
    assert [one.value for one in found] == [str(index) for index in range(len(counts))]
    if found:
        assert found[0].start_time == minutes_after(first)
        assert found[0].label == minutes_after(first).isoformat()
    for one, following in pairwise(found):
        assert following.start_time - one.end_time == timedelta(microseconds=1)


async def test_a_week_begins_on_monday(stored: Database) -> None:
    (week,) = await by_time(stored, asked(-1, 1), TimeUnit.WEEK)
    assert (week.start_time.isoweekday(), week.start_time.hour) == (1, 0)
    assert week.start_time <= TEN <= week.end_time


async def test_too_many_intervals_and_endless_ones_are_refused(stored: Database) -> None:
    with pytest.raises(RequestInvalid, match="21600 intervals, and 1000 are the most"):
        await by_time(stored, asked(), TimeUnit.SECOND)
    with pytest.raises(RequestInvalid, match="beyond the last date"):
        await by_time(stored, asked(), TimeUnit.WEEK, 1e12)


async def test_one_event_of_each_resource_is_kept(stored: Database) -> None:
    distinct: dict[str, Any] = {"resource": {"distinct": True}}
    for wanted, kept in (
        (asked(**distinct), [("r3", 200), ("r2", 62), ("r1", 61)]),
        (asked(**distinct, order="ASC"), [("r1", 0), ("r2", 62), ("r3", 200)]),
        (asked(until=61, **distinct), [("r1", 61)]),
        (asked(resource={"distinct": True, "id": ["r1"]}, event={"name": ["a"]}), [("r1", 5)]),
    ):
        async with stored.read() as connection:
            found = await read_events(connection, SCOPE, wanted, Window(9), now=NOW)
            total = await count_events(connection, SCOPE, wanted, now=NOW)
            rest = await read_events(connection, SCOPE, wanted, Window(9, 1), now=NOW)
        expected = [(resource, minutes_after(minutes)) for resource, minutes in kept]
        assert [(one.resource.id, one.occurred) for one in found] == expected
        assert (total, len(rest)) == (len(kept), len(kept) - 1)
