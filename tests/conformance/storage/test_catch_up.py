"""Scheduled runs that nobody took: those that their deployment's policy wants go, in order."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.states import StateType
from windlass.schemas.work_pools import WorkPool
from windlass_services.storage import tables
from windlass_services.storage.catch_up import LATE_AFTER, read_skipped_runs
from windlass_services.storage.polls import (
    Due,
    read_scheduled_runs,
    read_scheduled_runs_of_deployments,
)
from windlass_services.storage.work_pools import read_work_pool
from windlass_services.storage.work_queues import read_work_queue

HOUR = 60


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


async def deployed(world: World, catch_up: CatchUp | None) -> UUID:
    deployment = await world.deployment()
    await world.update(tables.deployment, deployment, catch_up=catch_up)
    return deployment


async def away(
    world: World, queue: Queue | None, deployment: UUID, count: int = HOUR, **fields: Any
) -> list[UUID]:
    """What a schedule made for every minute up to now, and a run that is not due yet."""
    said: dict[str, Any] = {"auto_scheduled": True, "deployment_id": deployment, **fields}
    new = [
        world.new(StateType.SCHEDULED, queue=queue, due_in=-60.0 * minutes, **said)
        for minutes in reversed(range(-1, count))
    ]
    created = await world.database.hot.create_flow_runs(SCOPE, new)
    return [one.run.id for one in created][:-1]


async def claimed(world: World, queue: Queue, **fields: Any) -> list[UUID]:
    return [one.flow_run.id for one in await world.claim(queue, limit=100, **fields)]


async def skipped(world: World, deployment: UUID) -> list[UUID]:
    async with world.database.read() as connection:
        found = await read_skipped_runs(
            connection, now=world.clock(), late_after=LATE_AFTER, limit=1_000
        )
        of = await connection.scalars(
            sa.select(tables.flow_run.c.id).where(tables.flow_run.c.deployment_id == deployment)
        )
        own = set(of)
    return [run.flow_run_id for run in found if run.flow_run_id in own]


async def polled(world: World, queue: Queue) -> list[UUID]:
    """What a stock worker is given."""
    due = Due(before=world.clock())
    async with world.database.read() as connection:
        of_pool = await read_work_queue(connection, SCOPE, queue.id)
        pool = await _pool(world, queue)
        runs = await read_scheduled_runs(
            connection, SCOPE, pool, [of_pool], due, limit=200, now=world.clock()
        )
    return [run.flow_run.id for run in runs]


async def served(world: World, deployment: UUID) -> list[UUID]:
    """What a process that serves the deployment is given."""
    due = Due(before=world.clock())
    async with world.database.read() as connection:
        runs = await read_scheduled_runs_of_deployments(
            connection, SCOPE, [deployment], due, limit=200, now=world.clock()
        )
    return [run.id for run in runs]


async def _pool(world: World, queue: Queue) -> WorkPool:
    async with world.database.read() as connection:
        return await read_work_pool(connection, SCOPE, str(queue.work_pool_id))


GOES: Final[Mapping[CatchUp | None, int]] = {
    None: 60,
    "all": 60,
    "latest": 1,
    5: 5,
    100: 60,
    "none": 1,
}


async def test_after_an_hour_away_what_is_wanted_goes_in_order_and_the_rest_is_skipped(
    world: World,
) -> None:
    for policy, goes in GOES.items():
        queue, deployment = await world.queue(), await deployed(world, policy)
        runs = await away(world, queue, deployment)
        wanted, unwanted = runs[-goes:], runs[:-goes]
        assert await polled(world, queue) == wanted, policy
        assert await served(world, deployment) == wanted, policy
        assert await skipped(world, deployment) == unwanted, policy
        assert await claimed(world, queue) == wanted, policy
        assert await claimed(world, queue) == [], "what was taken makes no room for older ones"
        assert await skipped(world, deployment) == unwanted, policy


async def test_nothing_goes_once_it_is_late_where_none_is_wanted(
    world: World, queue: Queue
) -> None:
    deployment = await deployed(world, "none")
    runs = await away(world, queue, deployment)
    world.clock.step(LATE_AFTER.total_seconds() + 1)
    assert await skipped(world, deployment) == runs
    assert await claimed(world, queue) == []


async def test_how_late_is_late_is_said_by_who_asks(world: World, queue: Queue) -> None:
    runs = await away(world, queue, await deployed(world, "none"))
    assert await claimed(world, queue, late_after=timedelta(minutes=2)) == runs[-3:]


async def test_the_newest_goes_alone_also_when_one_run_is_taken_at_a_time(
    world: World, queue: Queue
) -> None:
    runs = await away(world, queue, await deployed(world, 2), count=10)
    assert [await _one(world, queue) for _ in range(3)] == [[runs[-2]], [runs[-1]], []]


async def _one(world: World, queue: Queue) -> list[UUID]:
    return [one.flow_run.id for one in await world.claim(queue, limit=1)]


async def test_of_one_moment_no_run_stands_in_for_another(world: World, queue: Queue) -> None:
    deployment = await deployed(world, "latest")
    of_one_schedule = await away(world, queue, deployment, count=2)
    of_another = await away(world, queue, deployment, count=2)
    assert set(await claimed(world, queue)) == {of_one_schedule[-1], of_another[-1]}


async def test_a_run_that_is_claimed_ahead_of_its_time_stands_in_for_none(
    world: World, queue: Queue
) -> None:
    runs = await away(world, queue, await deployed(world, "latest"), count=3)
    soon: Sequence[UUID] = await claimed(
        world, queue, due_before=world.clock() + timedelta(seconds=90)
    )
    assert len(soon) == 2
    assert soon[0] == runs[-1]


WANTED_BY_OTHERS: Final[Sequence[Mapping[str, Any]]] = (
    {"auto_scheduled": False},
    {"run_count": 1},
    {"execution_generation": 1},
    {"state_name": "AwaitingRetry"},
)


async def test_what_somebody_else_wants_goes(world: World, queue: Queue) -> None:
    deployment = await deployed(world, "latest")
    others: list[UUID] = []
    for fields in WANTED_BY_OTHERS:
        other = await world.create(
            StateType.SCHEDULED, queue=queue, deployment_id=deployment, due_in=-7_200
        )
        await world.update(tables.flow_run, other.id, **{"auto_scheduled": True, **fields})
        others.append(other.id)
    runs = await away(world, queue, deployment, count=3)
    assert await skipped(world, deployment) == runs[:-1]
    assert set(await claimed(world, queue)) == {*others, runs[-1]}


async def test_what_waits_for_a_slot_of_its_deployment_is_skipped_as_well(
    world: World, queue: Queue
) -> None:
    deployment = await deployed(world, "latest")
    runs = await away(world, queue, deployment, count=3)
    await world.update(tables.flow_run, runs[0], state_name="AwaitingConcurrencySlot")
    assert await skipped(world, deployment) == runs[:-1]


async def test_runs_by_hand_stand_in_for_none(world: World, queue: Queue) -> None:
    deployment = await deployed(world, "latest")
    runs = await away(world, queue, deployment, count=1)
    world.clock.step(30)
    by_hand = await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment)
    assert await skipped(world, deployment) == []
    assert await claimed(world, queue) == [*runs, by_hand.id]
