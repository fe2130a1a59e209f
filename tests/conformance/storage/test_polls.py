"""What polling workers and runners are given, on both dialects."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.conformance.storage.world import SteppedClock
from tests.support.work import (
    NOW,
    SCOPE,
    deploy,
    make_pool,
    make_queue,
    make_run,
    open_execution,
)
from windlass.schemas.deployments import Deployment
from windlass.schemas.work_pools import WorkPoolUpdate
from windlass.schemas.work_queues import WorkQueueUpdate
from windlass_services.storage import polls, work_pools, work_queues
from windlass_services.storage.database import Database
from windlass_services.storage.polls import Due


async def polled(
    database: Database,
    *,
    queues: Sequence[str] | None = None,
    due: Due = Due(before=NOW),  # noqa: B008 (frozen)
    limit: int = 200,
) -> list[UUID]:
    """The ids of the runs that a worker of the pool is given, in order."""
    async with database.read() as connection:
        pool = await work_pools.read_work_pool(connection, SCOPE, "pool")
        found = await work_queues.require_queues_of_pool(connection, SCOPE, pool, queues)
        runs = await polls.read_scheduled_runs(
            connection, SCOPE, pool, found, due, limit=limit, now=NOW
        )
    assert all(run.work_pool_id == pool.id for run in runs)
    assert all(run.work_queue_id == run.flow_run.work_queue_id for run in runs)
    return [run.flow_run.id for run in runs]


async def set_up(database: Database, **pool: Any) -> tuple[Deployment, Deployment]:
    """A pool with two queues, `high` above `low`, and a deployment in each."""
    await make_pool(database, **pool)
    await make_queue(database, "low")
    await make_queue(database, "high", priority=1)
    low = await deploy(database, "l", work_pool_name="pool", work_queue_name="low")
    high = await deploy(database, "h", work_pool_name="pool", work_queue_name="high")
    return low, high


async def pause(database: Database, queue_id: UUID | None) -> None:
    """Pause one queue."""
    assert queue_id is not None
    async with database.write() as connection:
        await work_queues.update_work_queue(
            connection, SCOPE, queue_id, WorkQueueUpdate(is_paused=True), now=NOW
        )


async def test_the_better_queue_goes_first_and_in_a_queue_the_earlier_run(
    database: Database,
) -> None:
    low, high = await set_up(database)
    early_low = await make_run(database, low, due_in=-30)
    late_high = await make_run(database, high, due_in=-10)
    early_high = await make_run(database, high, due_in=-20)
    assert await polled(database) == [early_high, late_high, early_low]
    assert await polled(database, limit=2) == [early_high, late_high]
    assert await polled(database, queues=["low"]) == [early_low]


async def test_only_what_is_due_between_the_bounds_is_given(database: Database) -> None:
    low, _ = await set_up(database)
    past, now, soon = [await make_run(database, low, due_in=due) for due in (-10, 0, 10)]
    assert await polled(database) == [past, now]
    assert await polled(database, due=Due()) == [past, now, soon]
    assert await polled(database, due=Due(after=NOW)) == [now, soon]
    prefetched = Due(before=NOW + timedelta(seconds=10), after=NOW + timedelta(seconds=1))
    assert await polled(database, due=prefetched) == [soon]


async def test_a_paused_queue_gives_nothing_and_a_paused_pool_neither(
    database: Database,
) -> None:
    low, high = await set_up(database)
    kept = await make_run(database, low)
    await make_run(database, high)
    await pause(database, high.work_queue_id)
    assert await polled(database) == [kept]
    async with database.write() as connection:
        await work_pools.update_work_pool(
            connection, SCOPE, "pool", WorkPoolUpdate(is_paused=True), now=NOW
        )
    assert await polled(database) == []


async def test_runs_under_way_take_from_the_limit_of_the_pool(database: Database) -> None:
    low, high = await set_up(database, concurrency_limit=3)
    first, second, *_ = [await make_run(database, high, due_in=due) for due in (1, 2, 3, 4)]
    due = Due()
    assert len(await polled(database, due=due)) == 3
    await open_execution(database, first)
    await open_execution(database, await make_run(database, low))
    await open_execution(database, await make_run(database, low), live=False)
    assert await polled(database, due=due) == [second]


async def test_a_full_queue_leaves_room_for_the_next(database: Database) -> None:
    low, high = await set_up(database)
    assert high.work_queue_id is not None
    limit = WorkQueueUpdate(concurrency_limit=1)
    async with database.write() as connection:
        await work_queues.update_work_queue(connection, SCOPE, high.work_queue_id, limit, now=NOW)
    running, waiting = [await make_run(database, high, due_in=due) for due in (-2, -1)]
    other = await make_run(database, low)
    assert await polled(database) == [running, other]
    await open_execution(database, running)
    assert await polled(database) == [other]
    await open_execution(database, waiting, live=False)
    assert await polled(database) == [other]


async def test_a_pool_of_many_queues_is_read_in_parts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "_BRANCHES", 2)
    low, high = await set_up(database)
    first, last = await make_run(database, high), await make_run(database, low)
    assert await polled(database) == [first, last]
    assert await polled(database, limit=1) == [first]


async def test_a_runner_is_given_the_scheduled_runs_of_what_it_serves(
    database: Database,
) -> None:
    served = await deploy(database, "served")
    other = await deploy(database, "other")
    second, first = [await make_run(database, served, due_in=due) for due in (-1, -2)]
    await make_run(database, served, due_in=60)
    await make_run(database, other)
    async with database.read() as connection:
        runs = await polls.read_scheduled_runs_of_deployments(
            connection, SCOPE, [served.id], Due(before=NOW), limit=200, now=NOW
        )
        one = await polls.read_scheduled_runs_of_deployments(
            connection, SCOPE, [served.id, other.id], Due(), limit=1, now=NOW
        )
    assert [run.id for run in runs] == [first, second]
    assert [run.id for run in one] == [first]


async def test_an_old_queue_gives_the_runs_that_its_filter_names(database: Database) -> None:
    pool = await make_pool(database)
    queue = await make_queue(database, "tagged", filter={"tags": ["red"]})
    deployment = await deploy(database)
    await make_run(database, deployment)
    by_id = queue.model_copy(
        update={"filter": queue.filter and queue.filter.model_copy(update={"tags": None})}
    )
    async with database.read() as connection:
        runs = await polls.read_scheduled_runs_of_queue(
            connection, SCOPE, pool, queue, Due(), limit=9, now=NOW
        )
        every = await polls.read_scheduled_runs_of_queue(
            connection, SCOPE, pool, by_id, Due(), limit=9, now=NOW
        )
    assert (len(runs), len(every)) == (0, 1)


async def test_a_poll_is_worth_a_write_when_it_says_something_new(database: Database) -> None:
    await make_pool(database)
    served = await deploy(database)
    queue = await make_queue(database, "a")
    soon, later = NOW + timedelta(seconds=10), NOW + timedelta(seconds=11)
    assert polls.polls_to_record([queue], NOW) == [queue.id]
    async with database.write() as connection:
        await polls.record_polls(connection, [queue.id], now=NOW)
        await polls.record_deployment_polls(connection, [served.id], now=NOW)
        queue = await work_queues.read_work_queue(connection, SCOPE, queue.id)
        assert polls.polls_to_record([queue], soon) == []
        assert polls.polls_to_record([queue], later) == [queue.id]
        for now, ids in ((soon, []), (later, [served.id])):
            assert (
                await polls.deployment_polls_to_record(connection, SCOPE, [served.id], now=now)
                == ids
            )
        await polls.record_polls(connection, [queue.id], now=soon)
        unchanged = await work_queues.read_work_queue(connection, SCOPE, queue.id)
        await polls.record_polls(connection, [queue.id], now=later)
        changed = await work_queues.read_work_queue(connection, SCOPE, queue.id)
    assert (unchanged.last_polled, changed.last_polled) == (NOW, later)


async def test_deployments_take_turns_once_their_runs_are_in_line(
    database: Database, clock: SteppedClock
) -> None:
    clock.now = NOW + timedelta(seconds=1)
    low, _ = await set_up(database)
    other = await deploy(database, "o", work_pool_name="pool", work_queue_name="low")
    first = [await make_run(database, low) for _ in range(3)]
    planned = [await make_run(database, other, due_in=due) for due in (8, 5)]
    queues = [low.work_queue_id]
    soon = NOW + timedelta(seconds=9)
    async with database.read() as connection:
        arrived = await polls.queues_with_arrivals(connection, [*filter(None, queues)], soon)
    assert arrived == queues
    await database.hot.line_up(arrived, soon)
    expected = [first[0], planned[1], first[1], planned[0], first[2]]
    assert await polled(database, due=Due(before=soon)) == expected
    async with database.read() as connection:
        assert await polls.queues_with_arrivals(connection, arrived, soon) == []
