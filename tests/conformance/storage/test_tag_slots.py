"""Slots of tags on both dialects: who holds them, and for how long."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from tests.conformance.storage.world import SCOPE, World
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.concurrency_limits import ConcurrencyLimit, ConcurrencyLimitCreate
from windlass.schemas.states import StateType
from windlass_services.storage import tables, tag_limits, tag_slots
from windlass_services.storage.concurrency_limits import LimitKey
from windlass_services.storage.paging import Window
from windlass_services.storage.tag_slots import TERM, TagClosed, TagFull, TagVerdict


async def limit(world: World, tag: str, slots: int) -> tuple[ConcurrencyLimit, bool]:
    wanted = ConcurrencyLimitCreate(tag=tag, concurrency_limit=slots)
    async with world.database.write() as connection:
        return await tag_limits.set_tag_limit(connection, SCOPE, wanted, now=world.clock())


async def read(world: World, tag: str) -> ConcurrencyLimit:
    async with world.database.read() as connection:
        return await tag_limits.read_tag_limit(
            connection, SCOPE, LimitKey.of_tag(tag), now=world.clock()
        )


async def take(world: World, task_run_id: UUID, *tags: str) -> TagVerdict:
    async with world.database.write() as connection:
        return await tag_slots.take_tag_slots(
            connection, SCOPE, tags, task_run_id, now=world.clock()
        )


async def renew(world: World) -> int:
    async with world.database.write() as connection:
        return await tag_slots.renew_leases_of_running_tasks(
            connection, now=world.clock(), limit=100
        )


async def sweep(world: World) -> int:
    async with world.database.write() as connection:
        return await tag_slots.delete_expired_leases(connection, now=world.clock(), limit=100)


async def task_run(world: World, type: StateType, flow_run_id: UUID | None = None) -> UUID:
    id = uuid7()
    lists: dict[str, object] = {"tags": [], "labels": {}, "empirical_policy": {}, "task_inputs": {}}
    row = {"id": id, "name": "t", "task_key": "t", "dynamic_key": str(id), **lists}
    await world.insert(
        tables.task_run, {**row, "flow_run_id": flow_run_id, "state_type": type.value}
    )
    return id


async def test_the_limit_of_a_tag_is_made_and_changed(world: World) -> None:
    made, was_made = await limit(world, "db", 1)
    changed, made_again = await limit(world, "db", 2)
    assert (was_made, made_again) == (True, False)
    assert (made.id, changed.concurrency_limit) == (changed.id, 2)


async def test_only_limits_of_tags_are_listed_as_such(world: World) -> None:
    await limit(world, "b", 1)
    await limit(world, "a/ä%", 1)
    named = {"name": "tags", "limit": 1, "active": True, "slot_decay_per_second": 0.0}
    times = {"avg_slot_occupancy_seconds": 2.0, "decayed_until": world.clock()}
    await world.insert(tables.concurrency_limit, {"id": uuid7(), **named, **times})
    async with world.database.read() as connection:
        found = await tag_limits.read_tag_limits(connection, SCOPE, Window(10), now=world.clock())
    assert [each.tag for each in found] == ["a/ä%", "b"]


async def test_a_task_run_holds_one_slot_however_often_it_asks(world: World) -> None:
    await limit(world, "db", 1)
    one, other = uuid7(), uuid7()
    await take(world, one, "db", "free")
    await take(world, one, "db")
    assert (await read(world, "db")).active_slots == [one]
    assert await take(world, other, "db") == TagFull("db")


async def test_a_limit_of_none_is_no_reason_to_wait(world: World) -> None:
    await limit(world, "db", 0)
    assert await take(world, uuid7(), "db") == TagClosed("db")


async def test_slots_of_all_tags_or_of_none(world: World) -> None:
    await limit(world, "a", 1)
    await limit(world, "b", 1)
    await take(world, uuid7(), "b")
    assert await take(world, uuid7(), "a", "b") == TagFull("b")
    assert (await read(world, "a")).active_slots == []


async def test_a_reset_frees_the_slots_or_gives_them_to_others(world: World) -> None:
    await limit(world, "db", 2)
    await take(world, uuid7(), "db")
    holder = uuid7()
    for holders in ([holder], []):
        async with world.database.write() as connection:
            await tag_limits.reset_tag_limit(connection, SCOPE, "db", holders, now=world.clock())
        assert (await read(world, "db")).active_slots == holders


async def test_a_deleted_limit_is_gone_with_its_leases(world: World) -> None:
    made, _ = await limit(world, "db", 2)
    await take(world, uuid7(), "db")
    async with world.database.write() as connection:
        await tag_limits.delete_tag_limit(
            connection, SCOPE, LimitKey(id=made.id), now=world.clock()
        )
    assert await world.rows(tables.slot_lease) == []
    with pytest.raises(ObjectNotFound):
        await read(world, "db")


async def test_a_run_that_is_running_keeps_its_slot(world: World) -> None:
    await limit(world, "db", 1)
    flow_run = await world.create(StateType.RUNNING)
    runs = [await task_run(world, StateType.RUNNING, flow_run.id)]
    await take(world, runs[0], "db")
    for _ in range(3):
        world.clock.step(TERM.total_seconds() * 0.75)
        assert await renew(world) == 1
        assert await renew(world) == 0
    assert (await read(world, "db")).active_slots == runs


@pytest.mark.parametrize(
    ("state", "flow_state"),
    [
        (StateType.COMPLETED, StateType.RUNNING),
        (StateType.RUNNING, StateType.CRASHED),
    ],
)
async def test_a_run_that_is_over_loses_its_slot_in_the_end(
    world: World, state: StateType, flow_state: StateType
) -> None:
    await limit(world, "db", 1)
    flow_run = await world.create(flow_state)
    run = await task_run(world, state, flow_run.id)
    await take(world, run, "db")
    world.clock.step(TERM.total_seconds() - 1)
    assert (await renew(world), await sweep(world)) == (0, 0)
    world.clock.now += timedelta(seconds=1)
    assert await sweep(world) == 1
    assert await world.rows(tables.slot_lease) == []


async def test_takers_at_once_never_exceed_the_limit_of_a_tag(world: World) -> None:
    await limit(world, "db", 3)
    verdicts = await asyncio.gather(*(take(world, uuid7(), "db") for _ in range(20)))
    assert sum(verdict == TagFull("db") for verdict in verdicts) == 17
    assert len((await read(world, "db")).active_slots) == 3
