"""Two replicas on one PostgreSQL: what one transaction per process cannot promise, locks do."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import SCOPE, Queue, SteppedClock, World
from tests.support.waiting import await_until
from windlass.exceptions import ServerBusy
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.open import open_database

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
async def other(world: World, postgres_url: str, clock: SteppedClock) -> AsyncGenerator[World]:
    """The same world, seen by another replica."""
    database = await open_database(postgres_url, govern=plain_govern, clock=clock)
    yield World(database, clock, flow_id=world.flow_id)
    await database.close()


async def drain(world: World, queue: Queue, limit: int) -> list[str]:
    """Claim until there is nothing left."""
    taken: list[str] = []
    while claimed := await world.claim(queue, limit=limit):
        taken += [one.execution_id for one in claimed]
    return taken


async def test_claimers_share_runs_without_a_double(world: World, other: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 300)
    drained = await asyncio.gather(*(drain(of, queue, 7) for of in (world, other) * 3))
    taken = [id for ids in drained for id in ids]
    assert len(taken) == len(set(taken)) == 300


async def test_the_slots_of_a_deployment_are_counted_once(world: World, other: World) -> None:
    deployment = await world.deployment(limit=2)
    runs = [await world.create(deployment_id=deployment) for _ in range(40)]
    outcomes = await asyncio.gather(
        *(
            of.propose(run.id, StateType.PENDING)
            for run, of in zip(runs, [world, other] * 20, strict=True)
        )
    )
    statuses = [outcome.decision.status for outcome in outcomes]
    assert statuses.count(SetStateStatus.ACCEPT) == 2


async def test_the_slots_of_a_pool_are_counted_once(world: World, other: World) -> None:
    queue = await world.queue(await world.pool(limit=5))
    await world.fill(queue, 40)
    answers = await asyncio.gather(*(of.claim(queue, limit=2) for of in (world, other) * 10))
    assert sum(len(answer) for answer in answers) == 5


async def test_a_repeated_claim_finds_what_the_other_replica_took(
    world: World, other: World
) -> None:
    queue = await world.queue()
    await world.fill(queue, 10)
    request = uuid4()
    one, two = await asyncio.gather(
        *(of.claim(queue, limit=3, request_id=request) for of in (world, other))
    )
    assert one == two
    assert len(await world.rows(tables.execution)) == 3


async def test_a_key_makes_one_run(world: World, other: World) -> None:
    answers = await asyncio.gather(
        *(
            of.database.hot.create_flow_runs(
                SCOPE, [of.new(idempotency_key=f"{number}") for number in order]
            )
            for of in (world, other) * 3
            for order in (range(10), reversed(range(10)))
        )
    )
    assert len(await world.rows(tables.flow_run)) == 10
    assert sum(created.created for answer in answers for created in answer) == 10


async def test_a_run_that_somebody_holds_is_passed_over(world: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 3)
    async with world.database.write() as connection:
        held = await connection.execute(
            sa.select(tables.flow_run.c.id)
            .order_by(tables.flow_run.c.id)
            .limit(1)
            .with_for_update()
        )
        claimed = await world.claim(queue)
        assert held.scalar_one() not in {one.flow_run.id for one in claimed}
    assert len(claimed) == 2
    assert len(await world.claim(queue)) == 1


async def test_a_claim_reaches_past_more_runs_than_it_expected_to_be_held(world: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 100)
    async with world.database.write() as connection:
        await connection.execute(
            sa.select(tables.flow_run.c.id)
            .order_by(tables.flow_run.c.id)
            .limit(98)
            .with_for_update()
        )
        assert len(await world.claim(queue, limit=1)) == 1
        assert len(await world.claim(queue, limit=5)) == 1


async def test_a_slot_is_not_given_while_another_replica_may_be_taking_it(
    world: World, other: World
) -> None:
    deployment = await world.deployment(limit=1)
    run = await world.create(deployment_id=deployment)
    rival = await world.create(deployment_id=deployment)
    async with other.database.write() as connection:
        this = tables.deployment.c.id == deployment
        await connection.execute(sa.select(tables.deployment).where(this).with_for_update())
        proposal = asyncio.create_task(world.propose(run.id, StateType.PENDING))

        async def waits_or_is_done() -> bool:
            waiting = await connection.execute(
                sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            )
            return proposal.done() or waiting.scalar_one() > 0

        await await_until(waits_or_is_done, description="the proposal to meet the lock")
        await connection.execute(
            sa.insert(tables.execution).values(
                id=f"{rival.id}.1",
                workspace_id=SCOPE.workspace_id,
                flow_run_id=rival.id,
                generation=1,
                deployment_id=deployment,
                opened_at=world.clock(),
            )
        )
    assert (await proposal).decision.status is SetStateStatus.REJECT


async def test_a_change_that_waits_too_long_for_another_is_told_that_it_is_busy(
    world: World, postgres_url: str, clock: SteppedClock
) -> None:
    run = await world.create()
    database = await open_database(
        postgres_url, govern=plain_govern, clock=clock, patience=timedelta(milliseconds=300)
    )
    impatient = World(database, clock)
    async with world.database.write() as connection:
        this = tables.flow_run.c.id == run.id
        await connection.execute(sa.select(tables.flow_run).where(this).with_for_update())
        with pytest.raises(ServerBusy):
            await impatient.propose(run.id, StateType.RUNNING)
    outcome = await impatient.propose(run.id, StateType.RUNNING)
    assert outcome.decision.status is SetStateStatus.ACCEPT
    await database.close()
