"""Workers, and the statuses that they and polls make, on both dialects."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.work import NOW, SCOPE, deploy, make_pool, make_queue
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentStatus
from windlass.schemas.filters.workers import WorkerFilter
from windlass.schemas.work_pools import WorkPoolStatus
from windlass.schemas.work_queues import WorkQueueStatus, WorkQueueUpdate
from windlass.schemas.workers import Worker, WorkerHeartbeat, WorkerStatus
from windlass_services.storage import deployments, polls, work_pools, work_queues, workers
from windlass_services.storage.database import Database
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange, expire_statuses


async def beat(
    database: Database, name: str = "worker", *, after: float = 0, interval: int | None = None
) -> list[StatusChange]:
    """A heartbeat, so many seconds after NOW."""
    heard, now = heard_of(("pool", name, interval)), NOW + timedelta(seconds=after)
    if await database.hot.hear(SCOPE, heard, now) == [True]:
        return []
    async with database.write() as connection:
        changes, missing = await workers.record_heartbeats(connection, SCOPE, heard, now=now)
    assert not missing
    return changes


def heard_of(*said: tuple[str, str, int | None]) -> list[workers.Heard]:
    """Heartbeats: of which pool, of whom, and how often they come."""
    return [
        workers.Heard(pool, WorkerHeartbeat(name=name, heartbeat_interval_seconds=interval))
        for pool, name, interval in said
    ]


async def expire(database: Database, *, after: float) -> list[tuple[str, str, str]]:
    """One pass of the scheduler: kind, name and new status of what changed."""
    async with database.write() as connection:
        changes = await expire_statuses(connection, NOW + timedelta(seconds=after))
    return [(change.kind, change.subject.name, change.status) for change in changes]


async def listed(database: Database, asked: dict[str, Any] | None = None) -> list[Worker]:
    """The workers of the pool that match."""
    filter = None if asked is None else WorkerFilter.model_validate(asked)
    async with database.read() as connection:
        return await workers.read_workers(connection, SCOPE, "pool", filter, Window(10))


async def test_the_first_heartbeat_makes_a_worker_and_its_pool_ready(
    database: Database,
) -> None:
    pool = await make_pool(database)
    [change] = await beat(database, interval=10)
    assert (change.kind, change.subject.id, change.status) == ("work-pool", pool.id, "READY")
    assert change.work_pool_type == "process"
    assert await beat(database, after=10) == []
    [worker] = await listed(database)
    assert (worker.name, worker.status) == ("worker", WorkerStatus.ONLINE)
    assert worker.last_heartbeat_time == NOW + timedelta(seconds=10)
    assert (worker.created, worker.heartbeat_interval_seconds) == (NOW, None)


async def test_heartbeats_of_one_moment_are_recorded_together(database: Database) -> None:
    await make_pool(database)
    heard = heard_of(("pool", "b", 1), ("nowhere", "c", 1), ("pool", "a", 2), ("pool", "b", 3))
    async with database.write() as connection:
        changes, missing = await workers.record_heartbeats(connection, SCOPE, heard, now=NOW)
    assert missing == {"nowhere"}
    assert [change.status for change in changes] == [WorkPoolStatus.READY]
    said = {worker.name: worker.heartbeat_interval_seconds for worker in await listed(database)}
    assert said == {"a": 2, "b": 3}


async def test_a_worker_that_is_known_to_a_ready_pool_is_heard_at_once(database: Database) -> None:
    await make_pool(database)
    await beat(database, "a", interval=1)
    heard = heard_of(("pool", "new", 1), ("pool", "a", 2), ("nowhere", "a", 3), ("pool", "a", 4))
    later = NOW + timedelta(seconds=5)
    assert await database.hot.hear(SCOPE, heard, later) == [False, True, False, True]
    assert await database.hot.hear(Scope(uuid7()), heard[1:2], later) == [False]
    [worker] = await listed(database)
    assert (worker.last_heartbeat_time, worker.heartbeat_interval_seconds) == (later, 4)
    assert (worker.name, worker.created) == ("a", NOW)


async def test_workers_are_listed_the_latest_first_and_filtered(database: Database) -> None:
    await make_pool(database)
    await beat(database, "old", interval=1)
    await beat(database, "new", after=20)
    await expire(database, after=20)
    assert [worker.name for worker in await listed(database)] == ["new", "old"]
    for asked, names in (
        ({"status": {"any_": ["OFFLINE"]}}, ["old"]),
        ({"status": {"not_any_": ["OFFLINE"]}}, ["new"]),
        ({"last_heartbeat_time": {"after_": NOW + timedelta(seconds=20)}}, ["new"]),
        ({"last_heartbeat_time": {"before_": NOW}}, ["old"]),
    ):
        assert [worker.name for worker in await listed(database, asked)] == names


async def test_a_worker_is_offline_after_three_missed_heartbeats(database: Database) -> None:
    await make_pool(database)
    await beat(database, "quick", interval=10)
    await beat(database, "usual")
    assert await expire(database, after=30) == []
    assert await expire(database, after=31) == []
    assert {worker.name: worker.status.value for worker in await listed(database)} == {
        "quick": "OFFLINE",
        "usual": "ONLINE",
    }
    assert await expire(database, after=90) == []
    assert await expire(database, after=91) == [("work-pool", "pool", "NOT_READY")]
    assert [change.status for change in await beat(database, "usual", after=92)] == ["READY"]


async def test_a_paused_pool_stays_paused_whatever_its_workers_do(database: Database) -> None:
    await make_pool(database, is_paused=True)
    assert await beat(database, interval=1) == []
    assert await expire(database, after=60) == []
    async with database.read() as connection:
        pool = await work_pools.read_work_pool(connection, SCOPE, "pool")
    assert pool.status is WorkPoolStatus.PAUSED


async def test_a_pool_without_its_last_worker_is_not_ready(database: Database) -> None:
    await make_pool(database)
    await beat(database, "a")
    await beat(database, "b")
    async with database.write() as connection:
        assert await workers.delete_worker(connection, SCOPE, "pool", "a") == []
        [change] = await workers.delete_worker(connection, SCOPE, "pool", "b")
        assert change.status == "NOT_READY"
        with pytest.raises(ObjectNotFound, match="worker named 'b'"):
            await workers.delete_worker(connection, SCOPE, "pool", "b")


async def test_a_poll_makes_its_queue_and_the_deployments_in_it_ready_once(
    database: Database,
) -> None:
    await make_pool(database)
    queue = await make_queue(database, "a")
    made = await deploy(database, work_pool_name="pool", work_queue_name="a")
    await deploy(database, "elsewhere", work_pool_name="pool")
    async with database.write() as connection:
        first = await polls.record_polls(connection, [queue.id], now=NOW)
        again = await polls.record_polls(connection, [queue.id], now=NOW)
        polled = await deployments.read_deployment(connection, SCOPE, made.id)
    assert [(change.kind, change.subject.name, change.status) for change in first] == [
        ("work-queue", "a", "READY"),
        ("deployment", "deployment", "READY"),
    ]
    assert [change.work_queue and change.work_queue.name for change in first] == [None, "a"]
    assert [change.flow and change.flow.name for change in first] == [None, "flow"]
    assert again == []
    assert (polled.status, polled.last_polled) == (DeploymentStatus.READY, NOW)


async def test_what_nobody_polls_for_a_minute_is_not_ready(database: Database) -> None:
    await make_pool(database)
    queue = await make_queue(database, "a")
    await deploy(database, work_pool_name="pool", work_queue_name="a")
    served = await deploy(database, "served")
    async with database.write() as connection:
        await polls.record_polls(connection, [queue.id], now=NOW)
        await polls.record_deployment_polls(connection, [served.id], now=NOW)
    assert await expire(database, after=60) == []
    assert await expire(database, after=61) == [
        ("work-queue", "a", "NOT_READY"),
        ("deployment", "deployment", "NOT_READY"),
        ("deployment", "served", "NOT_READY"),
    ]
    assert await expire(database, after=62) == []


async def test_a_paused_queue_that_is_polled_stays_paused(database: Database) -> None:
    await make_pool(database)
    queue = await make_queue(database, "a", is_paused=True)
    async with database.write() as connection:
        assert await polls.record_polls(connection, [queue.id], now=NOW) == []
        queue, _ = await work_queues.update_work_queue(
            connection, SCOPE, queue.id, WorkQueueUpdate(description="x"), now=NOW
        )
    assert (queue.status, queue.last_polled) == (WorkQueueStatus.PAUSED, NOW)
