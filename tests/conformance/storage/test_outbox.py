"""The outbox: what is taken is taken once, and nothing is passed over."""

import pytest

from tests.conformance.storage.world import World
from windlass_services.storage import tables
from windlass_services.storage.outbox import take_outbox


async def test_rows_are_taken_oldest_first_and_no_more_than_asked(world: World) -> None:
    runs = [await world.create() for _ in range(3)]
    async with world.database.write() as connection:
        taken = await take_outbox(connection, 2)
    assert [row.body["flow_run_id"] for row in taken] == [str(run.id) for run in runs[:2]]
    assert len(await world.rows(tables.outbox)) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_what_another_relay_is_taking_is_passed_over(world: World) -> None:
    await world.create()
    late = await world.create()
    async with world.database.write() as first, world.database.write() as second:
        [mine] = await take_outbox(first, 1)
        theirs = await take_outbox(second, 10)
    assert [row.body["flow_run_id"] for row in theirs] == [str(late.id)]
    assert mine.id not in {row.id for row in theirs}
    assert await world.rows(tables.outbox) == []


async def test_what_is_not_committed_stays(world: World) -> None:
    await world.create()

    async def take_and_die() -> None:
        async with world.database.write() as connection:
            assert len(await take_outbox(connection, 10)) == 1
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError, match="the process dies"):
        await take_and_die()
    assert len(await world.rows(tables.outbox)) == 1
