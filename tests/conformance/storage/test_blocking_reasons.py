"""What holds back a run that is due."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.blocking_reasons import read_blocking_reason
from windlass_services.storage.flow_runs import read_flow_run


async def reason_of(world: World, run: FlowRun) -> str | None:
    now = world.clock()
    async with world.database.read() as connection:
        read = await read_flow_run(connection, SCOPE, run.id, now=now)
        return await read_blocking_reason(connection, read, now=now)


async def waiting(world: World, queue: Queue, **fields: Any) -> FlowRun:
    return await world.create(StateType.SCHEDULED, queue=queue, due_in=-1, **fields)


@pytest.mark.parametrize(
    ("table", "changed", "reason"),
    [
        (tables.work_pool, {"is_paused": True}, "work pool paused"),
        (tables.work_queue, {"is_paused": True, "status": "PAUSED"}, "work queue paused"),
        (tables.work_queue, {"status": "NOT_READY"}, "no worker"),
        (tables.work_pool, {"concurrency_limit": 1}, "work pool limit"),
        (tables.work_queue, {"concurrency_limit": 1}, "work queue limit"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_a_run_says_what_holds_it_back(
    world: World, table: sa.Table, changed: dict[str, Any], reason: str
) -> None:
    queue = await world.queue()
    await waiting(world, queue)
    [taken] = await world.claim(queue)
    run = await waiting(world, queue)
    assert await reason_of(world, run) is None
    await world.update(
        table, queue.id if table is tables.work_queue else queue.work_pool_id, **changed
    )
    assert await reason_of(world, run) == reason
    assert await world.claim(queue) == [] or reason == "no worker"
    assert await reason_of(world, taken.flow_run) is None


async def test_what_stands_first_in_the_way_is_named(world: World) -> None:
    queue = await world.queue(limit=0)
    run = await waiting(world, queue)
    assert await reason_of(world, run) == "work queue limit"
    await world.update(tables.work_pool, queue.work_pool_id, concurrency_limit=0)
    assert await reason_of(world, run) == "work pool limit"
    await world.update(tables.work_pool, queue.work_pool_id, is_paused=True)
    assert await reason_of(world, run) == "work pool paused"


async def test_nothing_holds_back_a_run_before_its_time(world: World) -> None:
    queue = await world.queue(is_paused=True)
    run = await world.create(StateType.SCHEDULED, queue=queue, due_in=60)
    assert await reason_of(world, run) is None
    world.clock.step(60)
    assert await reason_of(world, run) == "work queue paused"
