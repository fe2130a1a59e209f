"""Background task runs on their way to task workers: each is with one of them at a time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.conformance.storage.world import SCOPE, World
from windlass.ids import uuid7
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage import tables
from windlass_services.storage.task_deliveries import (
    Taker,
    acknowledge_delivery,
    claim_deliveries,
    forget_finished,
    free_unacknowledged,
    free_unconfirmed,
    give_back_deliveries,
    is_delivered,
    next_delivery_due,
    read_lost_runs,
    renew_deliveries,
    schedule_delivery,
)

TERM = timedelta(seconds=30)


def taker(*keys: str, worker: str = "worker") -> Taker:
    return Taker(uuid7(), worker, frozenset(keys or {"add"}))


async def scheduled(world: World, key: str = "add", due_in: float = 0) -> UUID:
    """A run that was scheduled for a task worker."""
    id = uuid7()
    due = world.clock() + timedelta(seconds=due_in)
    details = StateDetails(deferred=True, scheduled_time=due, task_parameters_id=uuid4())
    state = State(type=StateType.SCHEDULED, timestamp=world.clock(), state_details=details)
    assert is_delivered(state)
    row: dict[str, Any] = {
        "id": id,
        "task_key": key,
        "dynamic_key": str(id),
        "name": key,
        "task_inputs": {},
        "tags": [],
        "labels": {},
        "empirical_policy": {},
        "state_id": state.id,
        "state_type": "SCHEDULED",
        "state_name": "Scheduled",
        "state_timestamp": world.clock(),
        "state_details": details.model_dump(mode="json", exclude_defaults=True),
    }
    await world.insert(tables.task_run, row)
    async with world.database.write() as connection:
        assert await schedule_delivery(connection, SCOPE, id, state, now=world.clock()) == key
    return id


async def claim(world: World, *takers: Taker) -> list[UUID | None]:
    """What each of them gets."""
    now = world.clock()
    async with world.database.write() as connection:
        found = await claim_deliveries(connection, SCOPE, takers, now=now, until=now + TERM)
    runs = [found.get(one.subscription_id) for one in takers]
    return [run and run.id for run in runs]


async def acknowledge(world: World, id: UUID, by: Taker) -> bool:
    async with world.database.write() as connection:
        return await acknowledge_delivery(connection, id, by.subscription_id)


async def test_the_first_to_wait_gets_the_first_that_is_due(world: World) -> None:
    later, first = await scheduled(world, due_in=-1), await scheduled(world, due_in=-2)
    assert await claim(world, taker(), taker(), taker()) == [first, later, None]
    assert await claim(world, taker()) == [None]


async def test_a_worker_gets_only_runs_of_its_tasks(world: World) -> None:
    others = [await scheduled(world, "other") for _ in range(3)]
    wanted = await scheduled(world, "wanted")
    claimed = await claim(world, taker("wanted"), taker("other"), taker("nothing"))
    assert claimed == [wanted, others[0], None]


async def test_a_run_is_not_handed_out_before_its_time(world: World) -> None:
    id = await scheduled(world, due_in=10)
    assert await claim(world, taker()) == [None]
    async with world.database.read() as connection:
        due = await next_delivery_due(connection, SCOPE, {"add"})
        assert due == world.clock() + timedelta(seconds=10)
        assert await next_delivery_due(connection, SCOPE, {"other"}) is None
    world.clock.step(10)
    assert await claim(world, taker()) == [id]


async def test_two_replicas_never_hand_out_the_same_run(world: World) -> None:
    wanted = {await scheduled(world) for _ in range(8)}
    claims = (claim(world, taker(), taker()) for _ in range(8))
    claimed = [id for ids in await asyncio.gather(*claims) for id in ids if id]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= wanted


async def test_what_was_moved_on_is_forgotten(world: World) -> None:
    id = await scheduled(world)
    await world.update(tables.task_run, id, state_type="CANCELLED")
    assert await claim(world, taker()) == [None]
    assert await world.rows(tables.task_delivery) == []


async def test_what_is_not_acknowledged_goes_back_with_its_subscription(world: World) -> None:
    kept, returned = await scheduled(world, due_in=-2), await scheduled(world, due_in=-1)
    holder, other = taker(), taker()
    assert await claim(world, holder, other) == [kept, returned]
    assert await acknowledge(world, kept, holder)
    async with world.database.write() as connection:
        ids = [holder.subscription_id, other.subscription_id]
        assert await give_back_deliveries(connection, ids) == ["add"]
    assert await claim(world, taker(), taker()) == [returned, None]


async def test_an_acknowledgement_that_comes_too_late_does_not_count(world: World) -> None:
    id = await scheduled(world)
    first, second = taker(), taker()
    await claim(world, first)
    world.clock.step(TERM.total_seconds())
    async with world.database.write() as connection:
        assert await free_unacknowledged(connection, now=world.clock()) == ["add"]
    assert await claim(world, second) == [id]
    assert not await acknowledge(world, id, first)
    assert await acknowledge(world, id, second)


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_what_is_renewed_stays_with_its_worker(world: World, acknowledged: bool) -> None:
    id = await scheduled(world)
    holder = taker()
    await claim(world, holder)
    if acknowledged:
        await acknowledge(world, id, holder)
    world.clock.step(20)
    now = world.clock()
    async with world.database.write() as connection:
        subscriptions = [] if acknowledged else [holder.subscription_id]
        await renew_deliveries(connection, ["worker"], subscriptions, until=now + TERM)
    world.clock.step(20)
    async with world.database.write() as connection:
        assert await free_unacknowledged(connection, now=world.clock()) == []
        assert await read_lost_runs(connection, now=world.clock(), limit=10) == []


async def test_a_run_whose_worker_is_gone_is_lost(world: World) -> None:
    id = await scheduled(world)
    holder = taker(worker="gone")
    await claim(world, holder)
    await acknowledge(world, id, holder)
    world.clock.step(TERM.total_seconds())
    async with world.database.write() as connection:
        [lost] = await read_lost_runs(connection, now=world.clock(), limit=10)
    assert (lost.task_run_id, lost.worker, lost.run_count) == (id, "gone", 0)
    assert lost.state is not None
    assert lost.task_parameters_id == lost.state.state_details.task_parameters_id


async def test_a_worker_gives_back_only_what_it_has(world: World) -> None:
    id = await scheduled(world)
    holder = taker(worker="one")
    await claim(world, holder)
    await acknowledge(world, id, holder)
    async with world.database.write() as connection:
        assert await free_unconfirmed(connection, "another", [id]) == []
        assert await free_unconfirmed(connection, "one", [id]) == ["add"]
    assert await claim(world, taker()) == [id]


async def test_only_what_is_over_is_forgotten(world: World) -> None:
    over, running, waiting = [await scheduled(world, due_in=-3 + n) for n in range(3)]
    holders = [taker(), taker()]
    await claim(world, *holders)
    for id, holder in zip((over, running), holders, strict=True):
        await acknowledge(world, id, holder)
    await world.update(tables.task_run, over, state_type="COMPLETED")
    await world.update(tables.task_run, running, state_type="RUNNING")
    async with world.database.write() as connection:
        assert await forget_finished(connection) == 1
    left = {row["task_run_id"] for row in await world.rows(tables.task_delivery)}
    assert left == {running, waiting}
