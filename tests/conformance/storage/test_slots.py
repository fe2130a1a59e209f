"""Slots of concurrency limits on both dialects."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from tests.conformance.storage.world import SCOPE, SteppedClock, World
from windlass.exceptions import RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    GlobalConcurrencyLimitResponse,
    SlotMode,
)
from windlass_services.storage import concurrency_limits, tables
from windlass_services.storage.concurrency_limits import LimitKey
from windlass_services.storage.slots import (
    EMPTY_LEASE_ID,
    Full,
    Lease,
    Taken,
    Wanted,
    give_back_slots,
    release_lease,
    renew_lease,
    take_slots,
)

TERM = 60.0


async def limit(world: World, name: str, slots: int = 1, *, decay: float = 0) -> None:
    wanted = ConcurrencyLimitV2Create(name=name, limit=slots, slot_decay_per_second=decay)
    async with world.database.write() as connection:
        await concurrency_limits.create_limit(connection, SCOPE, wanted, now=world.clock())


async def read(world: World, name: str) -> GlobalConcurrencyLimitResponse:
    async with world.database.read() as connection:
        return await concurrency_limits.read_limit(
            connection, SCOPE, LimitKey(name=name), now=world.clock()
        )


async def change(world: World, name: str, **fields: object) -> None:
    update = ConcurrencyLimitV2Update.model_validate(fields)
    async with world.database.write() as connection:
        await concurrency_limits.update_limit(
            connection, SCOPE, LimitKey(name=name), update, now=world.clock()
        )


async def take(
    world: World, *names: str, slots: int = 1, mode: SlotMode = "concurrency"
) -> Taken | Full:
    async with world.database.write() as connection:
        wanted = Wanted(names, slots, mode)
        return await take_slots(connection, SCOPE, wanted, now=world.clock())


async def lease(
    world: World, *names: str, slots: int = 1, mode: SlotMode = "concurrency"
) -> Taken | Full:
    held = Lease(uuid7(), world.clock() + timedelta(seconds=TERM))
    async with world.database.write() as connection:
        return await take_slots(
            connection, SCOPE, Wanted(names, slots, mode), now=world.clock(), lease=held
        )


async def leased(world: World, *names: str, slots: int = 1) -> UUID:
    outcome = await lease(world, *names, slots=slots)
    assert isinstance(outcome, Taken)
    return outcome.lease_id


async def renew(world: World, lease_id: UUID) -> bool:
    until = world.clock() + timedelta(seconds=TERM)
    async with world.database.write() as connection:
        return await renew_lease(connection, SCOPE, lease_id, until, now=world.clock())


async def release(world: World, lease_id: UUID) -> None:
    async with world.database.write() as connection:
        await release_lease(connection, SCOPE, lease_id, now=world.clock())


async def test_slots_are_taken_up_to_the_limit_and_given_back(world: World) -> None:
    await limit(world, "a", 2)
    assert isinstance(await take(world, "a", slots=2), Taken)
    assert isinstance(await take(world, "a"), Full)
    async with world.database.write() as connection:
        await give_back_slots(connection, SCOPE, ["a"], 1, now=world.clock())
    assert (await read(world, "a")).active_slots == 1
    assert isinstance(await take(world, "a"), Taken)


async def test_more_is_not_given_back_than_is_taken(world: World) -> None:
    await limit(world, "a", 2)
    await take(world, "a")
    async with world.database.write() as connection:
        await give_back_slots(connection, SCOPE, ["a"], 100, now=world.clock())
    assert (await read(world, "a")).active_slots == 0


async def test_slots_of_several_limits_are_taken_all_or_none(world: World) -> None:
    await limit(world, "a")
    await limit(world, "b")
    await leased(world, "b")
    assert isinstance(await lease(world, "a", "b"), Full)
    assert (await read(world, "a")).active_slots == 0


async def test_names_without_a_limit_are_passed_over(world: World) -> None:
    outcome = await lease(world, "none")
    assert outcome == Taken([], EMPTY_LEASE_ID)
    assert await renew(world, EMPTY_LEASE_ID)
    await release(world, EMPTY_LEASE_ID)


async def test_an_inactive_limit_holds_nobody_back_and_nothing(world: World) -> None:
    await limit(world, "a")
    await change(world, "a", active=False)
    for _ in range(3):
        outcome = await lease(world, "a", slots=9)
        assert isinstance(outcome, Taken)
        assert [taken.name for taken in outcome.limits] == ["a"]
    assert (await read(world, "a")).active_slots == 0


async def test_more_than_a_limit_has_is_refused_for_good(world: World) -> None:
    await limit(world, "a", 2)
    with pytest.raises(RequestInvalid, match="has 2 slots"):
        await take(world, "a", slots=3)


async def test_a_rate_limit_needs_decay(world: World) -> None:
    await limit(world, "a", 2)
    with pytest.raises(RequestInvalid, match="'a' do not decay"):
        await take(world, "a", mode="rate_limit")


async def test_decay_frees_slots_at_its_rate(world: World) -> None:
    await limit(world, "a", 2, decay=0.5)
    assert isinstance(await take(world, "a", slots=2, mode="rate_limit"), Taken)
    world.clock.step(1)
    assert isinstance(await take(world, "a", mode="rate_limit"), Full)
    world.clock.step(1)
    assert isinstance(await take(world, "a", mode="rate_limit"), Taken)
    assert (await read(world, "a")).active_slots == 2
    world.clock.step(60)
    assert (await read(world, "a")).active_slots == 0


async def test_a_lease_does_not_hold_what_a_rate_limit_counts(world: World) -> None:
    await limit(world, "a", 1, decay=1)
    outcome = await lease(world, "a", mode="rate_limit")
    assert isinstance(outcome, Taken)
    await release(world, outcome.lease_id)
    assert (await read(world, "a")).active_slots == 1
    world.clock.step(1)
    assert (await read(world, "a")).active_slots == 0


async def test_a_released_lease_frees_its_slots_once(world: World) -> None:
    await limit(world, "a", 3)
    first, second = await leased(world, "a", slots=2), await leased(world, "a")
    await release(world, first)
    await release(world, first)
    assert (await read(world, "a")).active_slots == 1
    assert await renew(world, second)
    assert not await renew(world, first)


async def test_an_expired_lease_frees_its_slots(world: World) -> None:
    await limit(world, "a")
    held = await leased(world, "a")
    world.clock.step(TERM - 1)
    assert isinstance(await lease(world, "a"), Full)
    world.clock.step(1)
    assert (await read(world, "a")).active_slots == 0
    assert not await renew(world, held)
    assert isinstance(await lease(world, "a"), Taken)


async def test_a_renewed_lease_lasts_a_term_from_then(world: World) -> None:
    await limit(world, "a")
    held = await leased(world, "a")
    for _ in range(3):
        world.clock.step(TERM - 1)
        assert await renew(world, held)
    assert (await read(world, "a")).active_slots == 1


async def test_a_holder_whose_clock_is_behind_cannot_renew_what_others_took(
    world: World, clock: SteppedClock
) -> None:
    await limit(world, "a")
    held = await leased(world, "a")
    clock.step(TERM)
    await leased(world, "a")
    clock.step(-TERM / 2)
    assert not await renew(world, held)


async def test_who_is_refused_is_told_how_long_to_wait(world: World) -> None:
    await limit(world, "a")
    held = await leased(world, "a")
    first, second = await lease(world, "a"), await lease(world, "a")
    assert isinstance(first, Full)
    assert isinstance(second, Full)
    assert (first.retry_after, second.retry_after) == (2, 4)
    world.clock.step(50)
    await release(world, held)
    [row] = await world.rows(tables.concurrency_limit)
    assert row["avg_slot_occupancy_seconds"] == pytest.approx(2 + 48 * 0.2)
    assert row["denied_slots"] == 0


async def test_active_slots_can_be_repaired(world: World) -> None:
    await limit(world, "a", 5)
    first = await leased(world, "a", slots=2)
    world.clock.step(1)
    second = await leased(world, "a", slots=2)
    await change(world, "a", active_slots=3)
    assert (await read(world, "a")).active_slots == 3
    assert await renew(world, first)
    assert not await renew(world, second)
    await change(world, "a", active_slots=0)
    assert (await read(world, "a")).active_slots == 0


async def test_takers_at_once_never_exceed_a_limit(world: World) -> None:
    await limit(world, "a", 3)
    await limit(world, "b", 5)
    names = [("a", "b"), ("b", "a"), ("b",)]
    outcomes = await asyncio.gather(*(lease(world, *names[n % 3]) for n in range(30)))
    assert sum(isinstance(outcome, Taken) for outcome in outcomes) == 5
    slots = [(await read(world, name)).active_slots for name in ("a", "b")]
    assert slots[0] <= 3
    assert slots[1] == 5


async def test_takers_releasers_and_renewers_of_the_same_limits_never_deadlock(
    world: World,
) -> None:
    await limit(world, "a", 2)
    await limit(world, "b", 2)

    async def use(names: tuple[str, ...]) -> bool:
        outcome = await lease(world, *names)
        if isinstance(outcome, Full):
            return False
        assert await renew(world, outcome.lease_id)
        await release(world, outcome.lease_id)
        return True

    done = await asyncio.gather(*(use((("a", "b"), ("b", "a"))[n % 2]) for n in range(30)))
    assert any(done)
    assert [(await read(world, name)).active_slots for name in ("a", "b")] == [0, 0]
    assert await world.rows(tables.slot_lease) == []
