"""Runs that wait for a slot of their deployment: the first is due as soon as one is free."""

from datetime import timedelta

import pytest

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.ids import uuid7
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Govern

TERMS = Terms()


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(TERMS)


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


async def taken_and_waiting(world: World, queue: Queue, *, limit: int, waiting: int) -> ClaimedRun:
    """A run of a limited deployment that was taken; so many of the others wait for a slot, a
    second after each other."""
    deployment = await world.deployment(limit=limit)
    for _ in range(limit + waiting):
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment)
    first, *_ = await world.claim(queue, limit=limit)
    for _ in range(waiting):
        assert await world.claim(queue, limit=1) == []
    await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment, due_in=10)
    return first


async def test_a_run_that_ends_makes_room_for_the_next_at_once(world: World, queue: Queue) -> None:
    first = await taken_and_waiting(world, queue, limit=1, waiting=3)
    id, execution_id = first.flow_run.id, first.execution_id
    await world.propose(id, StateType.RUNNING, execution_id=execution_id)
    assert await world.claim(queue) == []
    world.clock.step(1)
    ended = await world.propose(id, StateType.COMPLETED, execution_id=execution_id)
    assert ended.work_pool_id == queue.work_pool_id, "the pool is to be woken"
    [row] = await world.rows(
        tables.flow_run, tables.flow_run.c.next_scheduled_start_time == world.clock.now
    )
    [second] = await world.claim(queue)
    assert second.flow_run.id == row["id"]
    assert await world.claim(queue) == []


async def test_each_free_slot_takes_one_run_out_of_the_line(world: World, queue: Queue) -> None:
    first = await taken_and_waiting(world, queue, limit=2, waiting=4)
    world.clock.step(1)
    await world.propose(first.flow_run.id, StateType.CRASHED)
    assert len(await world.claim(queue)) == 1


async def test_a_run_that_is_suspended_makes_room_as_well(world: World, queue: Queue) -> None:
    first = await taken_and_waiting(world, queue, limit=1, waiting=1)
    id, execution_id = first.flow_run.id, first.execution_id
    await world.propose(id, StateType.RUNNING, execution_id=execution_id)
    world.clock.step(1)
    suspended = State(
        id=uuid7(),
        type=StateType.PAUSED,
        name="Suspended",
        timestamp=world.clock.now,
        state_details=StateDetails(
            pause_reschedule=True, pause_timeout=world.clock.now + timedelta(hours=1)
        ),
    )
    await world.database.hot.transition(
        SCOPE, FlowRunTransition(id, suspended, execution_id=execution_id)
    )
    assert len(await world.claim(queue)) == 1


async def test_a_run_that_is_scheduled_for_later_stays_so(world: World, queue: Queue) -> None:
    first = await taken_and_waiting(world, queue, limit=1, waiting=0)
    await world.propose(first.flow_run.id, StateType.CANCELLED)
    assert await world.claim(queue) == []
    [row] = await world.rows(tables.dispatchable)
    assert row["due_at"] == world.clock.now + timedelta(seconds=10)
