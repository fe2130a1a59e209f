"""How far a group of consumers has come is known of each partition, and never goes back."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from tests.conformance.storage.world import NOON, World
from windlass_services.storage.consumers import read_progress, save_progress
from windlass_services.storage.tables import consumer_progress

LATER = NOON + timedelta(hours=1)


async def save(world: World, finished_until: Mapping[int, datetime]) -> None:
    async with world.database.write() as connection:
        await save_progress(connection, "events", "group", finished_until)


async def progress(world: World, *partitions: int) -> datetime | None:
    async with world.database.read() as connection:
        return await read_progress(connection, "events", "group", partitions)


async def test_partitions_are_as_far_as_the_one_that_is_least_far(world: World) -> None:
    await save(world, {1: LATER, 2: NOON})
    assert await progress(world, 1) == LATER
    assert await progress(world, 1, 2) == NOON


async def test_of_a_partition_that_was_never_saved_nothing_is_known(world: World) -> None:
    await save(world, {1: LATER})
    assert await progress(world, 1, 2) is None


async def test_progress_never_goes_back(world: World) -> None:
    await save(world, {1: LATER})
    await save(world, {1: NOON, 2: NOON})
    assert await progress(world, 1) == LATER
    assert await progress(world, 2) == NOON


async def test_what_a_version_before_saved_for_the_whole_group_counts(world: World) -> None:
    async with world.database.write() as connection:
        row = {"topic": "events", "consumer_group": "group", "finished_until": NOON}
        await connection.execute(sa.insert(consumer_progress).values(row))
    await save(world, {1: LATER})
    assert await progress(world, 1) == LATER
    assert await progress(world, 1, 2) == NOON
