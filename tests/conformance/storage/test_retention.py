"""Days of history are forgotten, the oldest first, and nothing else is."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from tests.conformance.storage.test_history import event, log
from tests.conformance.storage.world import NOON, SCOPE, World
from windlass_services.storage import tables
from windlass_services.storage.partitions import ensure_partitions, read_partitions
from windlass_services.storage.retention import forget_days

TODAY = NOON.date()


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


async def with_days(world: World, *days: date) -> None:
    """An event on each of these days; today and yesterday have partitions of their own."""
    async with world.database.write() as connection:
        await ensure_partitions(connection, TODAY)
    await world.database.hot.insert_events(SCOPE, [event(day=day) for day in days])


async def days_of(world: World, table: sa.Table = tables.event) -> list[date]:
    return sorted(row["day"] for row in await world.rows(table))


async def test_days_before_the_first_one_kept_are_forgotten(world: World) -> None:
    await with_days(world, days_ago(9), days_ago(1), TODAY)
    assert await forget_days(world.database, tables.event, TODAY, limit=100) >= 2
    assert await days_of(world) == [TODAY]
    assert await forget_days(world.database, tables.event, TODAY, limit=100) == 0


async def test_the_first_day_kept_is_kept(world: World) -> None:
    await with_days(world, days_ago(1), TODAY)
    assert await forget_days(world.database, tables.event, days_ago(1), limit=100) == 0
    assert await days_of(world) == [days_ago(1), TODAY]


async def test_other_tables_keep_theirs(world: World) -> None:
    await with_days(world, days_ago(1))
    await world.database.hot.insert_logs(SCOPE, [log()])
    await forget_days(world.database, tables.event, TODAY + timedelta(days=1), limit=100)
    assert await days_of(world) == []
    assert await days_of(world, tables.log) == [TODAY]


async def test_rows_without_a_partition_go_a_batch_at_a_time(world: World) -> None:
    await with_days(world, *[days_ago(9)] * 3)
    before = days_ago(5)
    assert await forget_days(world.database, tables.event, before, limit=2) == 2
    assert len(await days_of(world)) == 1
    assert await forget_days(world.database, tables.event, before, limit=2) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_day_goes_as_a_whole_on_postgresql(world: World) -> None:
    await with_days(world)
    await forget_days(world.database, tables.event, TODAY, limit=1)
    async with world.database.read() as connection:
        there = await read_partitions(connection, [tables.event])
    assert f"event_{days_ago(1):%Y%m%d}" not in there
    assert {f"event_{TODAY:%Y%m%d}", "event_default"} <= there
