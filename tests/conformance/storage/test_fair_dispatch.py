"""The runs of a queue go out by turns of its deployments."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.storage.world import NOON, SCOPE, Queue, World
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scheduled_runs import move_scheduled_runs
from windlass_services.storage.tables import to_microseconds


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


async def taken(world: World, queue: Queue, *, most: int = 1_000) -> list[FlowRun]:
    """The runs that single claims take, in order."""
    runs: list[FlowRun] = []
    while len(runs) < most and (claimed := await world.claim(queue, limit=1)):
        runs.append(claimed[0].flow_run)
    return runs


async def turns(world: World, queue: Queue, *, most: int = 1_000) -> list[UUID | None]:
    """The deployments of the runs that single claims take, in order."""
    return [run.deployment_id for run in await taken(world, queue, most=most)]


async def test_who_comes_later_takes_turns_with_who_waits(world: World, queue: Queue) -> None:
    a, b = await world.deployment(), await world.deployment()
    await world.fill(queue, 50, deployment_id=a)
    await world.fill(queue, 3, deployment_id=b)
    assert await turns(world, queue, most=8) == [a, b, a, b, a, b, a, a]


async def test_runs_of_no_deployment_share_as_those_of_one_do(world: World, queue: Queue) -> None:
    a = await world.deployment()
    await world.fill(queue, 6)
    await world.fill(queue, 2, deployment_id=a)
    assert await turns(world, queue) == [None, a, None, a, None, None, None, None]


async def test_a_deployment_that_had_the_queue_alone_is_not_punished(
    world: World, queue: Queue
) -> None:
    a, b = await world.deployment(), await world.deployment()
    await world.fill(queue, 40, deployment_id=a)
    assert len(await turns(world, queue, most=30)) == 30
    await world.fill(queue, 4, deployment_id=b)
    assert await turns(world, queue, most=8) == [a, b, a, b, a, b, a, b]
    assert len(await turns(world, queue)) == 6
    await world.fill(queue, 2, deployment_id=b)
    await world.fill(queue, 2, deployment_id=a)
    assert await turns(world, queue) == [b, a, b, a]


async def test_who_asks_again_each_time_keeps_nobody_out(world: World, queue: Queue) -> None:
    a, b = await world.deployment(), await world.deployment()
    await world.fill(queue, 6, deployment_id=a)
    order: list[UUID | None] = [b]
    for _ in range(10):
        if order[-1] == b:
            await world.fill(queue, 1, deployment_id=b)
        order += await turns(world, queue, most=1)
    assert order[1:] == [a, b] * 5


async def test_the_priority_of_a_run_goes_before_fairness(world: World, queue: Queue) -> None:
    a, b = await world.deployment(), await world.deployment()
    await world.fill(queue, 2, deployment_id=b)
    for priority in (0, -1, -1, -1):
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=a, run_priority=priority)
    assert await turns(world, queue) == [a, a, a, b, a, b]


async def test_the_priority_of_a_queue_goes_before_fairness(world: World) -> None:
    pool = await world.pool()
    low, high = await world.queue(pool, priority=2), await world.queue(pool, priority=1)
    a, b = await world.deployment(), await world.deployment()
    await world.fill(low, 2, deployment_id=a)
    await world.fill(high, 3, deployment_id=b)
    assert await turns(world, low) == [b, b, b, a, a]


async def test_scheduled_runs_that_become_due_take_a_fair_place(world: World, queue: Queue) -> None:
    a, b = await world.deployment(), await world.deployment()
    planned = [
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=b, due_in=seconds)
        for seconds in (7, 5, 9)
    ]
    assert {row["rank"] for row in await world.rows(tables.dispatchable)} == {tables.NOT_DUE}
    await world.fill(queue, 50, deployment_id=a)
    world.clock.step(8)
    runs = await taken(world, queue, most=5)
    assert [run.deployment_id for run in runs] == [a, b, a, b, a]
    assert [runs[1].id, runs[3].id] == [planned[1].id, planned[0].id], "as they were due"
    world.clock.step(8)
    assert await turns(world, queue, most=2) == [a, b]


async def test_a_run_that_is_not_due_is_in_nobodys_way(world: World, queue: Queue) -> None:
    a = await world.deployment()
    await world.create(StateType.SCHEDULED, queue=queue, deployment_id=a, due_in=60)
    await world.fill(queue, 1, deployment_id=a)
    await world.fill(queue, 1)
    assert await turns(world, queue) == [a, None]


async def test_a_run_that_is_handed_out_again_comes_in_line_again(
    world: World, queue: Queue
) -> None:
    a, b = await world.deployment(), await world.deployment()
    await world.fill(queue, 3, deployment_id=a)
    await world.fill(queue, 3, deployment_id=b)
    [first] = await taken(world, queue, most=1)
    again = world.state(StateType.SCHEDULED, due_in=0)
    await world.database.hot.transition(SCOPE, FlowRunTransition(first.id, again))
    assert await turns(world, queue) == [b, a, b, a, b, a]


async def test_runs_that_move_to_another_queue_come_in_line_there(
    world: World, queue: Queue
) -> None:
    other = await world.queue(queue.work_pool_id)
    a, b = await world.deployment(), await world.deployment()
    await world.fill(other, 20, deployment_id=a)
    assert len(await world.claim(queue, limit=10, work_queue_ids=[other.id])) == 10
    await world.fill(queue, 3, deployment_id=b)
    async with world.database.write() as connection:
        of_queue = tables.flow_run.c.work_queue_id == other.id
        await move_scheduled_runs(connection, of_queue, work_queue_id=queue.id)
    assert await turns(world, queue, most=6) == [b, a, b, a, b, a]


async def test_the_due_times_that_an_older_version_ranked_by_make_nobody_wait(
    world: World, queue: Queue
) -> None:
    a, b = await world.deployment(), await world.deployment()
    for days in (1, 2, 3):
        run = await world.create(
            StateType.SCHEDULED, queue=queue, deployment_id=a, due_in=days * 86_400
        )
        due = NOON + timedelta(days=days)
        async with world.database.write() as connection:
            await connection.execute(
                tables.dispatchable.update()
                .where(tables.dispatchable.c.flow_run_id == run.id)
                .values(rank=to_microseconds(due))
            )
    await world.fill(queue, 4, deployment_id=b)
    await world.fill(queue, 2, deployment_id=a)
    assert await turns(world, queue) == [b, a, b, a, b, b]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    batches=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from([0, 0, 2])),
        min_size=2,
        max_size=8,
    )
)
async def test_nobody_who_waits_is_ever_more_than_one_run_behind(
    world: World, batches: list[tuple[int, int, int]]
) -> None:
    """Whatever came in which order: deployments that all have runs left were served alike."""
    queue = await world.queue()
    deployments = [await world.deployment() for _ in range(3)] + [None]
    waiting: Counter[UUID | None] = Counter()
    for who, count, due_in in batches:
        await world.database.hot.create_flow_runs(
            SCOPE,
            [
                world.new(
                    StateType.SCHEDULED,
                    queue=queue,
                    deployment_id=deployments[who],
                    due_in=due_in,
                )
                for _ in range(count)
            ],
        )
        waiting[deployments[who]] += count
    world.clock.step(5)
    served: Counter[UUID | None] = Counter()
    runs = await taken(world, queue)
    for run in runs:
        served[run.deployment_id] += 1
        backlogged = [served[one] for one in waiting if served[one] < waiting[one]]
        assert not backlogged or max(backlogged) - min(backlogged) <= 1
    assert served == waiting
    for one in waiting:
        own = [(run.expected_start_time, run.id) for run in runs if run.deployment_id == one]
        assert own == sorted(own), "each deployment in its own order"
