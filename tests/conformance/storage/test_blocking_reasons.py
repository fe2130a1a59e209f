"""What holds back a run that is due."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.flow_runs import FlowRun, FlowRunPolicy
from windlass.schemas.states import StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import deletions, tables
from windlass_services.storage.blocking_reasons import (
    read_blocking_reason,
    telling_blocking_reasons,
)
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.flow_runs import read_flow_run, read_flow_runs
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.paging import Window
from windlass_services.storage.work_pools import delete_work_pool


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(Terms())


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


async def test_a_limit_of_the_deployment_does_not_hide_that_its_pool_is_paused(
    world: World,
) -> None:
    queue = await world.queue()
    deployment = await world.deployment(limit=1)
    await world.fill(queue, 1, deployment_id=deployment)
    await world.claim(queue)
    run = await waiting(world, queue, deployment_id=deployment)
    assert await world.claim(queue) == []
    assert await reason_of(world, run) == "deployment limit"
    await world.update(tables.work_pool, queue.work_pool_id, is_paused=True)
    assert await reason_of(world, run) == "work pool paused"
    assert (await reasons(world))[run.id] == "work pool paused"


async def test_a_run_without_a_pool_waits_for_who_serves_its_deployment(world: World) -> None:
    deployment = await world.deployment()
    run = await world.create(StateType.SCHEDULED, deployment_id=deployment, due_in=-1)
    assert await reason_of(world, run) is None
    await world.update(tables.deployment, deployment, status="NOT_READY")
    assert await reason_of(world, run) == "not served"
    async with world.database.write() as connection:
        await connection.execute(sa.delete(tables.deployment))
    assert await reason_of(world, run) == "deployment deleted"


async def test_nothing_holds_back_what_nobody_else_is_to_start(world: World) -> None:
    run = await world.create(StateType.SCHEDULED, due_in=-1)
    assert await reason_of(world, run) is None
    deployment = await world.deployment()
    await world.update(tables.deployment, deployment, status="NOT_READY")
    again = FlowRunPolicy(retries=1)
    served = await world.create(deployment_id=deployment, empirical_policy=again)
    await world.propose(served.id, StateType.RUNNING, execution_id=f"{served.id}.1", leased=True)
    failed = await world.propose(served.id, StateType.FAILED)
    assert failed.decision.state is not None
    assert failed.decision.state.name == "AwaitingRetry"
    assert await reason_of(world, served) is None, "its process tries it again"


async def test_a_run_of_a_deleted_pool_says_so_before_it_is_cleared_and_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletions, "WAITING_AT_ONCE", 1)
    queue = await world.queue()
    runs = [await waiting(world, queue) for _ in range(3)]
    async with world.database.write() as connection:
        await delete_work_pool(connection, SCOPE, str(queue.work_pool_id), now=world.clock())
    told = {run.id: "The work pool of the run was deleted." for run in runs}
    assert await reasons(world) == told
    async with world.database.write() as connection:
        while await deletions.clear_more(connection, now=world.clock()):
            pass
    assert await reasons(world) == told


@pytest.mark.parametrize("has_pool", [True, False], ids=["in a queue", "without a pool"])
async def test_a_run_that_its_policy_is_about_to_skip_says_so(world: World, has_pool: bool) -> None:
    queue = await world.queue(is_paused=True) if has_pool else None
    deployment = await world.deployment()
    await world.update(tables.deployment, deployment, catch_up="none", status="NOT_READY")
    run = await world.create(
        StateType.SCHEDULED,
        queue=queue,
        deployment_id=deployment,
        due_in=-1,
        auto_scheduled=True,
    )
    assert await reason_of(world, run) == ("work queue paused" if has_pool else "not served")
    world.clock.step(30)
    assert await reason_of(world, run) == "catch-up policy"


async def test_nothing_holds_back_a_run_before_its_time(world: World) -> None:
    queue = await world.queue(is_paused=True)
    run = await world.create(StateType.SCHEDULED, queue=queue, due_in=60)
    assert await reason_of(world, run) is None
    world.clock.step(60)
    assert await reason_of(world, run) == "work queue paused"


async def test_a_page_of_runs_says_it_of_each(world: World) -> None:
    full, paused, open_ = (
        await world.queue(limit=1),
        await world.queue(is_paused=True),
        await world.queue(),
    )
    await waiting(world, full)
    [taken] = await world.claim(full)
    expected: dict[UUID, str | None] = {taken.flow_run.id: None}
    for queue, reason in ((full, "work queue limit"), (paused, "work queue paused"), (open_, None)):
        for _ in range(2):
            expected[(await waiting(world, queue)).id] = reason
    early = await world.create(StateType.SCHEDULED, queue=paused, due_in=60)
    over = await world.create(StateType.COMPLETED)
    assert await reasons(world) == {**expected, early.id: None, over.id: None}


async def test_however_many_wait_the_questions_are_two(world: World) -> None:
    queue = await world.queue(limit=1)
    for _ in range(5):
        await waiting(world, queue)
    now = world.clock()
    async with world.database.read() as connection:
        runs = await _every_run(world, connection)
        with counting(connection) as asked:
            await telling_blocking_reasons(connection, runs, now=now)
        assert len(asked) == 2
        with counting(connection) as asked:
            await telling_blocking_reasons(connection, [], now=now)
        assert asked == []


@contextmanager
def counting(connection: Any) -> Generator[list[str]]:
    """The statements that are executed meanwhile."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    yield asked
    event.remove(connection.sync_connection, "before_cursor_execute", note)


async def reasons(world: World) -> dict[UUID, str | None]:
    async with world.database.read() as connection:
        runs = await _every_run(world, connection)
        told = await telling_blocking_reasons(connection, runs, now=world.clock())
    return {run.id: run.blocking_reason for run in told}


async def _every_run(world: World, connection: Any) -> list[FlowRun]:
    return await read_flow_runs(
        connection, SCOPE, Filters(), FlowRunSort.ID_DESC, Window(200), now=world.clock()
    )
