"""Limits of pools and queues, and claims that meet."""

import asyncio
from collections import Counter

from tests.conformance.storage.world import World
from windlass.schemas.states import StateType
from windlass_services.storage import tables


async def test_a_pool_gives_no_more_than_its_limit(world: World) -> None:
    pool = await world.pool(limit=3)
    one, other = await world.queue(pool), await world.queue(pool)
    await world.fill(one, 5)
    await world.fill(other, 5)
    claimed = await world.claim(pool)
    assert len(claimed) == 3
    assert await world.claim(pool) == []


async def test_a_slot_of_the_pool_is_free_again_when_an_execution_ends(world: World) -> None:
    queue = await world.queue(await world.pool(limit=1))
    await world.fill(queue, 2)
    [first] = await world.claim(queue)
    assert await world.claim(queue) == []
    await world.propose(first.flow_run.id, StateType.CANCELLED)
    assert len(await world.claim(queue)) == 1


async def test_a_full_queue_does_not_hold_up_the_others(world: World) -> None:
    pool = await world.pool()
    limited = await world.queue(pool, priority=1, limit=2)
    other = await world.queue(pool, priority=2)
    await world.fill(limited, 5)
    await world.fill(other, 5)
    claimed = await world.claim(pool, limit=6)
    assert Counter(one.flow_run.work_queue_id for one in claimed) == {limited.id: 2, other.id: 4}


async def test_a_limit_of_nothing_lets_nothing_run(world: World) -> None:
    queue = await world.queue(limit=0)
    await world.fill(queue, 2)
    assert await world.claim(queue) == []


async def test_a_pools_limit_holds_against_many_claims_at_once(world: World) -> None:
    queue = await world.queue(await world.pool(limit=7))
    await world.fill(queue, 30)
    answers = await asyncio.gather(*(world.claim(queue, limit=2) for _ in range(20)))
    assert sum(len(answer) for answer in answers) == 7


async def test_a_deployments_limit_holds_against_many_claims_at_once(world: World) -> None:
    queue = await world.queue()
    deployment = await world.deployment(limit=3)
    await world.fill(queue, 20, deployment_id=deployment)
    answers = await asyncio.gather(*(world.claim(queue, limit=2) for _ in range(10)))
    assert sum(len(answer) for answer in answers) == 3


async def test_two_claimers_share_five_hundred_runs_without_a_double(world: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 500)

    async def drain() -> list[str]:
        taken: list[str] = []
        while claimed := await world.claim(queue, limit=20):
            taken += [one.execution_id for one in claimed]
        return taken

    one, other = await asyncio.gather(drain(), drain())
    assert len(one) + len(other) == len({*one, *other}) == 500


async def test_claims_and_transitions_of_the_same_runs_do_not_lock_each_other_out(
    world: World,
) -> None:
    queue = await world.queue()
    deployment = await world.deployment(limit=50)
    await world.fill(queue, 40, deployment_id=deployment)
    ids = [row["id"] for row in await world.rows(tables.flow_run)]
    claims = [world.claim(queue, limit=5) for _ in range(10)]
    cancels = [world.propose(id, StateType.CANCELLED) for id in ids]
    restarts = [world.propose(id, StateType.PENDING) for id in reversed(ids)]
    await asyncio.gather(*claims, *cancels, *restarts)
    rows = await world.rows(tables.flow_run)
    live = await world.rows(tables.execution, tables.execution.c.ended_at.is_(None))
    assert {row["state_type"] for row in rows} <= {"PENDING", "CANCELLED"}
    assert {row["flow_run_id"] for row in live} == {
        row["id"] for row in rows if row["state_type"] == "PENDING"
    }
