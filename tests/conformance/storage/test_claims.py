"""Handing due runs to workers."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.conformance.storage.govern import WAITS
from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.exceptions import ObjectNotFound
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition


async def test_a_claimed_run_is_pending_and_owned_by_a_new_execution(world: World) -> None:
    queue = await world.queue()
    deployment = await world.deployment()
    run = await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment)
    [claimed] = await world.claim(queue)
    [row] = await world.rows(tables.flow_run)
    [execution] = await world.rows(tables.execution)
    assert claimed.execution_id == row["execution_id"] == execution["id"] == f"{run.id}.1"
    assert row["state_type"] == "PENDING"
    assert (execution["worker_name"], execution["presented_at"]) == ("worker", None)
    assert execution["start_deadline"] == NOON + timedelta(seconds=60)
    assert await world.rows(tables.dispatchable) == []


async def test_a_claimed_run_comes_with_all_that_its_start_needs(world: World) -> None:
    queue = await world.queue()
    deployment = await world.deployment()
    run = await world.create(
        StateType.SCHEDULED, queue=queue, deployment_id=deployment, parameters={"x": 5}
    )
    [claimed] = await world.claim(queue)
    assert claimed.flow_run.id == run.id
    assert claimed.flow_run.parameters == {"x": 5}
    assert claimed.flow_run.state_type is StateType.PENDING
    assert claimed.flow_run.work_pool_name == str(queue.work_pool_id)
    assert claimed.flow.id == world.flow_id
    assert claimed.deployment is not None
    assert claimed.deployment.id == deployment
    assert claimed.deployment.job_variables == {"image": "python"}
    assert (claimed.start_deadline, claimed.lease_seconds) == (NOON + timedelta(seconds=60), 30)


async def test_a_run_that_is_not_due_is_left(world: World) -> None:
    queue = await world.queue()
    await world.create(StateType.SCHEDULED, queue=queue, due_in=10)
    assert await world.claim(queue) == []
    [claimed] = await world.claim(queue, due_before=NOON + timedelta(seconds=10))
    assert claimed.flow_run.work_queue_id == queue.id


async def test_queues_go_by_priority_and_runs_by_when_they_are_due(world: World) -> None:
    pool = await world.pool()
    low, high = await world.queue(pool, priority=9), await world.queue(pool, priority=1)
    for name, queue, due_in in (
        ("4", low, 5),
        ("2", high, 9),
        ("1", high, 7),
        ("3", low, 1),
        ("0", high, 6),
    ):
        await world.create(StateType.SCHEDULED, queue=queue, due_in=due_in, name=name)
    world.clock.step(10)
    first = await world.claim(pool, limit=2)
    rest = await world.claim(pool)
    assert [claimed.flow_run.name for claimed in [*first, *rest]] == ["0", "1", "2", "3", "4"]


async def test_the_priority_of_a_run_goes_before_when_it_is_due(world: World) -> None:
    queue = await world.queue()
    runs = [
        await world.create(
            StateType.SCHEDULED, queue=queue, due_in=-number, run_priority=(-1, 0, 5)[number]
        )
        for number in range(3)
    ]
    order = [(await world.claim(queue, limit=1))[0].flow_run.id for _ in runs]
    assert order == [run.id for run in runs]


async def test_only_the_asked_queues_are_looked_at(world: World) -> None:
    pool = await world.pool()
    asked, other = await world.queue(pool), await world.queue(pool)
    run = await world.create(StateType.SCHEDULED, queue=asked)
    await world.create(StateType.SCHEDULED, queue=other)
    claimed = await world.claim(pool, work_queue_ids=[asked.id, uuid4()])
    assert [one.flow_run.id for one in claimed] == [run.id]
    assert await world.claim(pool, work_queue_ids=[]) == []


async def test_a_paused_pool_gives_nothing_until_it_goes_on(world: World) -> None:
    queue = await world.queue(await world.pool(is_paused=True))
    await world.create(StateType.SCHEDULED, queue=queue)
    assert await world.claim(queue) == []
    await world.update(tables.work_pool, queue.work_pool_id, is_paused=False)
    assert len(await world.claim(queue)) == 1


async def test_a_paused_queue_gives_nothing(world: World) -> None:
    pool = await world.pool()
    paused, other = await world.queue(pool, is_paused=True), await world.queue(pool)
    await world.create(StateType.SCHEDULED, queue=paused)
    run = await world.create(StateType.SCHEDULED, queue=other)
    assert [one.flow_run.id for one in await world.claim(pool)] == [run.id]


async def test_an_unknown_pool_is_not_found(world: World) -> None:
    with pytest.raises(ObjectNotFound):
        await world.claim(uuid4())


async def test_a_repeated_claim_answers_as_the_first_time(world: World) -> None:
    queue = await world.queue()
    for _ in range(6):
        await world.create(StateType.SCHEDULED, queue=queue)
    request = uuid4()
    first = await world.claim(queue, limit=2, request_id=request)
    again = await world.claim(queue, limit=2, request_id=request)
    assert len(first) == 2
    assert again == first
    assert len(await world.claim(queue)) == 4


async def test_claims_with_one_request_id_at_once_take_once(world: World) -> None:
    queue = await world.queue()
    for _ in range(6):
        await world.create(StateType.SCHEDULED, queue=queue)
    request = uuid4()
    answers = await asyncio.gather(
        *(world.claim(queue, limit=2, request_id=request) for _ in range(5))
    )
    assert len({tuple(one.execution_id for one in answer) for answer in answers}) == 1
    assert len(await world.rows(tables.execution)) == 2


async def test_a_repeated_claim_does_not_name_what_is_over(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    request = uuid4()
    await world.claim(queue, request_id=request)
    await world.propose(run.id, StateType.CANCELLED)
    await world.create(StateType.SCHEDULED, queue=queue)
    assert await world.claim(queue, request_id=request) == []


async def test_a_run_can_be_claimed_again_after_its_execution_ended(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    await world.claim(queue)
    again = world.state(StateType.SCHEDULED)
    await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, again))
    [claimed] = await world.claim(queue)
    assert claimed.execution_id == f"{run.id}.2"


async def test_a_refused_candidate_is_written_and_the_next_one_is_taken(world: World) -> None:
    queue = await world.queue()
    full = await world.deployment(limit=1)
    holder = await world.create(deployment_id=full)
    await world.propose(holder.id, StateType.RUNNING)
    refused = [
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=full, due_in=-9)
        for _ in range(3)
    ]
    run = await world.create(StateType.SCHEDULED, queue=queue)
    [claimed] = await world.claim(queue, limit=1)
    assert claimed.flow_run.id == run.id
    rows = await world.rows(tables.dispatchable)
    assert {row["flow_run_id"] for row in rows} == {run.id for run in refused}
    assert {row["due_at"] for row in rows} == {NOON + timedelta(seconds=30)}
    of_full = await world.rows(tables.flow_run, tables.flow_run.c.deployment_id == full)
    names = {row["id"]: row["state_name"] for row in of_full}
    assert [names[run.id] for run in refused] == [
        "AwaitingConcurrencySlot",
        "Scheduled",
        "Scheduled",
    ], "one is told for all of them"


async def test_candidates_that_wait_do_not_stand_in_the_way(world: World) -> None:
    queue = await world.queue()
    for _ in range(40):
        await world.create(StateType.SCHEDULED, queue=queue, due_in=-9, name=WAITS)
    run = await world.create(StateType.SCHEDULED, queue=queue)
    assert [one.flow_run.id for one in await world.claim(queue, limit=3)] == [run.id]
    assert len(await world.rows(tables.dispatchable)) == 40


async def test_next_due_is_the_earliest_of_the_pools(world: World) -> None:
    first, second = await world.queue(), await world.queue()
    pools = [first.work_pool_id, second.work_pool_id]
    assert await world.database.hot.next_due(pools) is None
    await world.create(StateType.SCHEDULED, queue=first, due_in=30)
    await world.create(StateType.SCHEDULED, queue=second, due_in=20)
    assert await world.database.hot.next_due(pools) == NOON + timedelta(seconds=20)
    assert await world.database.hot.next_due(pools[:1]) == NOON + timedelta(seconds=30)


async def test_next_due_does_not_look_at_what_is_paused(world: World) -> None:
    pool = await world.pool()
    paused, other = await world.queue(pool, is_paused=True), await world.queue(pool)
    await world.create(StateType.SCHEDULED, queue=paused, due_in=10)
    await world.create(StateType.SCHEDULED, queue=other, due_in=30)
    assert await world.database.hot.next_due([pool]) == NOON + timedelta(seconds=30)
    await world.update(tables.work_pool, pool, is_paused=True)
    assert await world.database.hot.next_due([pool]) is None
