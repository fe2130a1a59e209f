"""Runs of a deployment without a slot stand in nobody's way, and nobody tries them one by one."""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentUpdate
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.states import StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import tables
from windlass_services.storage.blocking_reasons import read_blocking_reason
from windlass_services.storage.deployment_changes import update_deployment
from windlass_services.storage.flow_runs import read_flow_run
from windlass_services.storage.hot.line import LOOK_AGAIN, LOOKS_AT
from windlass_services.storage.hot.postgres_line import let_in
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.measurements import measure_queues

TERMS = Terms()
_WAITS_FOR_KEY: Final = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
)


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(TERMS)


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


@pytest.fixture
async def full(world: World, queue: Queue) -> UUID:
    """A deployment whose only slot is taken."""
    deployment = await world.deployment(limit=1)
    await world.fill(queue, 1, deployment_id=deployment)
    assert len(await world.claim(queue)) == 1
    return deployment


async def refusals(world: World) -> int:
    """How often a run was tried that got no slot."""
    was_refused = tables.flow_run_state.c.name == "AwaitingConcurrencySlot"
    return len(await world.rows(tables.flow_run_state, was_refused))


async def free_slot(world: World, deployment_id: UUID) -> None:
    """End the runs that have the slots of a deployment."""
    of_deployment = tables.execution.c.deployment_id == deployment_id
    for row in await world.rows(
        tables.execution, of_deployment, tables.execution.c.ended_at.is_(None)
    ):
        await world.propose(row["flow_run_id"], StateType.CANCELLED)


async def in_line(world: World) -> int:
    return len(await world.rows(tables.dispatchable, tables.dispatchable.c.rank < tables.HELD_BACK))


async def test_runs_behind_a_limit_hold_up_no_other_deployment(
    world: World, queue: Queue, full: UUID
) -> None:
    free = await world.deployment()
    await world.fill(queue, 1_000, deployment_id=full)
    await world.fill(queue, 100, deployment_id=free)
    claimed: list[ClaimedRun] = []
    for _ in range(10):
        claimed += await world.claim(queue)
    assert {run.flow_run.deployment_id for run in claimed} == {free}
    assert len(claimed) == 100
    assert await refusals(world) == 1
    assert await in_line(world) == 0, "the next claim looks at none of them"
    for _ in range(3):
        world.clock.step(1)
        await free_slot(world, full)
        assert [run.flow_run.deployment_id for run in await world.claim(queue)] == [full]
    assert await refusals(world) == 1, "whom a slot is for gets it"


async def test_the_first_in_line_is_let_in_first(world: World, queue: Queue, full: UUID) -> None:
    runs = [
        await world.create(
            StateType.SCHEDULED, queue=queue, deployment_id=full, run_priority=priority
        )
        for priority in (0, 0, -1, 5, -1)
    ]
    world.clock.step(10)
    assert await world.claim(queue) == [], "who was refused keeps its place"
    order: list[UUID] = []
    for _ in runs:
        world.clock.step(1)
        await free_slot(world, full)
        order += [run.flow_run.id for run in await world.claim(queue)]
    assert order == [runs[place].id for place in (2, 4, 0, 1, 3)]


async def test_who_is_let_in_goes_ahead_of_who_came_since(
    world: World, queue: Queue, full: UUID
) -> None:
    first = await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full)
    assert await world.claim(queue) == []
    await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full)
    await free_slot(world, full)
    [claimed] = await world.claim(queue)
    assert claimed.flow_run.id == first.id


async def test_who_comes_while_others_are_held_back_waits_behind_them(
    world: World, queue: Queue, full: UUID
) -> None:
    first = await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full)
    assert await world.claim(queue) == []
    world.clock.step(1)
    await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full)
    assert await world.claim(queue) == []
    await free_slot(world, full)
    [claimed] = await world.claim(queue)
    assert claimed.flow_run.id == first.id


async def test_a_few_look_again_when_no_slot_was_given_back_for_long(
    world: World, queue: Queue, full: UUID
) -> None:
    await world.fill(queue, LOOKS_AT * 2 + 50, deployment_id=full)
    assert await world.claim(queue) == []
    for turn in (1, 2):
        rows = await world.rows(tables.dispatchable)
        soon = [row for row in rows if row["due_at"] <= world.clock.now + LOOK_AGAIN]
        assert 0 < len(soon) <= LOOKS_AT * turn + 1
        world.clock.step(LOOK_AGAIN.total_seconds())
        assert await world.claim(queue) == []
    assert await refusals(world) == 1
    async with world.database.write() as connection:
        await connection.execute(tables.execution.update().values(ended_at=world.clock.now))
    world.clock.step(LOOK_AGAIN.total_seconds())
    [claimed] = await world.claim(queue)
    of_full = await world.rows(tables.flow_run, tables.flow_run.c.deployment_id == full)
    assert claimed.flow_run.id == sorted(row["id"] for row in of_full)[1], "in order"


async def test_all_come_in_line_when_the_limit_changes(
    world: World, queue: Queue, full: UUID
) -> None:
    await world.fill(queue, 150, deployment_id=full)
    assert await world.claim(queue) == []
    world.clock.step(1)
    await world.update(tables.deployment, full, concurrency_limit_id=uuid7())
    async with world.database.write() as connection:
        update = DeploymentUpdate(concurrency_limit=None)
        await update_deployment(connection, SCOPE, full, update, now=world.clock.now)
    assert len(await world.claim(queue, limit=200)) == 150


async def test_slots_given_back_while_others_are_held_back_are_taken(
    world: World, queue: Queue, full: UUID
) -> None:
    for _ in range(8):
        world.clock.step(0.001)
        await world.fill(queue, 2, deployment_id=full)
        _, claimed = await asyncio.gather(free_slot(world, full), world.claim(queue))
        claimed = claimed or await world.claim(queue)
        assert len(claimed) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_nothing_is_held_back_while_a_slot_is_being_given_back(
    world: World, queue: Queue, full: UUID, database_url: str
) -> None:
    """It would wait for a slot that is free, and that nobody gives back any more."""
    await world.fill(queue, 1, deployment_id=full)
    connection: Any = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    async with connection.transaction():
        await connection.execute("UPDATE execution SET ended_at = opened_at")
        await let_in(connection, {full: 1}, world.clock.now)
        claim = asyncio.create_task(world.claim(queue))
        while not (claim.done() or await connection.fetchval(_WAITS_FOR_KEY)):
            pass
    await connection.close()
    assert len(await claim) == 1


async def test_what_is_held_back_is_said_and_counted(
    world: World, queue: Queue, full: UUID
) -> None:
    for _ in range(3):
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full)
    assert await world.claim(queue) == []
    waiting = await world.rows(tables.flow_run, tables.flow_run.c.state_type == "SCHEDULED")
    now = world.clock.now + timedelta(seconds=1)
    async with world.database.read() as connection:
        reasons = [
            await read_blocking_reason(
                connection, await read_flow_run(connection, SCOPE, row["id"], now=now), now=now
            )
            for row in waiting
        ]
        [measured] = await measure_queues(connection, SCOPE, now=now)
    assert reasons == ["deployment limit"] * 3
    assert (measured.due, measured.held, measured.live) == (0, 3, 1)
