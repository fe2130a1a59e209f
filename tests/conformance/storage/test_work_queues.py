"""Work queues on both dialects."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.work import (
    NOW,
    SCOPE,
    deploy,
    make_pool,
    make_queue,
    make_run,
)
from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass.schemas.work_queues import WorkQueueStatus, WorkQueueUpdate
from windlass_services.storage import deployments, tables, work_queues
from windlass_services.storage.database import Database
from windlass_services.storage.ensured_queues import (
    DEFAULT_AGENT_POOL,
    ensure_default_agent_pool,
    ensure_work_queue,
)
from windlass_services.storage.paging import Window
from windlass_services.storage.work_queue_health import read_work_queue_status

ALL = Window(200)


async def priorities(database: Database) -> dict[str, int]:
    """Every queue with its priority."""
    async with database.read() as connection:
        found = await work_queues.read_work_queues(connection, SCOPE, None, ALL)
    return {queue.name: queue.priority for queue in found}


async def test_a_queue_that_names_no_priority_goes_last(database: Database) -> None:
    await make_pool(database)
    await make_queue(database, "a", priority=7)
    await make_queue(database, "b")
    assert await priorities(database) == {"default": 1, "a": 7, "b": 8}


async def test_a_priority_that_is_taken_moves_its_holder_down(database: Database) -> None:
    await make_pool(database)
    await make_queue(database, "a")
    await make_queue(database, "first", priority=1)
    assert await priorities(database) == {"first": 1, "default": 2, "a": 3}


async def test_moving_a_queue_up_moves_only_those_in_its_way(database: Database) -> None:
    await make_pool(database)
    await make_queue(database, "a")
    await make_queue(database, "b", priority=5)
    moved = await make_queue(database, "c")
    async with database.write() as connection:
        await work_queues.update_work_queue(
            connection, SCOPE, moved.id, WorkQueueUpdate(priority=1), now=NOW
        )
    assert await priorities(database) == {"c": 1, "default": 2, "a": 3, "b": 5}


async def test_names_are_unique_in_a_pool_only(database: Database) -> None:
    await make_pool(database)
    await make_pool(database, "other")
    queue = await make_queue(database, "a")
    await make_queue(database, "a", "other")
    with pytest.raises(ObjectAlreadyExists, match="'a' in 'pool'"):
        await make_queue(database, "a")
    async with database.write() as connection:
        with pytest.raises(ObjectAlreadyExists, match="'default' in 'pool'"):
            await work_queues.update_work_queue(
                connection, SCOPE, queue.id, WorkQueueUpdate(name="default"), now=NOW
            )


async def test_what_was_stored_is_what_is_read(database: Database) -> None:
    await make_pool(database)
    deployment = await deploy(database)
    asked = {"tags": ["red"], "deployment_ids": [str(deployment.id)]}
    queue = await make_queue(
        database, "a", description="Slow", concurrency_limit=0, filter=asked, is_paused=True
    )
    assert queue.work_pool_name == "pool"
    assert (queue.description, queue.concurrency_limit) == ("Slow", 0)
    assert queue.status is WorkQueueStatus.PAUSED
    assert queue.filter is not None
    assert queue.filter.deployment_ids == [deployment.id]
    update = WorkQueueUpdate.model_validate(
        {"filter": asked | {"tags": None}, "is_paused": False, "concurrency_limit": None}
    )
    async with database.write() as connection:
        queue, told = await work_queues.update_work_queue(
            connection, SCOPE, queue.id, update, now=NOW
        )
    assert queue.filter is not None
    assert (queue.filter.tags, queue.filter.deployment_ids) == (None, [deployment.id])
    assert queue.concurrency_limit is None
    assert [(change.status, change.work_pool and change.work_pool.name) for change in told] == [
        ("NOT_READY", "pool")
    ]


async def test_a_queue_polled_lately_is_ready_once_it_is_resumed(database: Database) -> None:
    await make_pool(database)
    queue = await make_queue(database, "a", is_paused=True)
    update = WorkQueueUpdate(is_paused=False, last_polled=NOW - timedelta(seconds=59))
    async with database.write() as connection:
        queue, _ = await work_queues.update_work_queue(connection, SCOPE, queue.id, update, now=NOW)
    assert queue.status is WorkQueueStatus.READY


async def test_renaming_a_queue_renames_it_in_its_deployments(database: Database) -> None:
    await make_pool(database)
    queue = await make_queue(database, "a")
    deployment = await deploy(database, work_pool_name="pool", work_queue_name="a")
    async with database.write() as connection:
        await work_queues.update_work_queue(
            connection, SCOPE, queue.id, WorkQueueUpdate(name="b"), now=NOW
        )
        renamed = await deployments.read_deployment(connection, SCOPE, deployment.id)
    assert renamed.work_queue_name == "b"


async def test_what_waits_in_a_deleted_queue_moves_to_the_default_queue(
    database: Database,
) -> None:
    pool = await make_pool(database)
    queue = await make_queue(database, "a")
    deployment = await deploy(database, work_pool_name="pool", work_queue_name="a")
    run_id = await make_run(database, deployment)
    async with database.write() as connection:
        await work_queues.delete_work_queue(connection, SCOPE, queue.id, now=NOW)
        moved = await deployments.read_deployment(connection, SCOPE, deployment.id)
        waiting = await connection.execute(
            sa.select(tables.dispatchable.c.work_queue_id, tables.flow_run.c.work_queue_id)
            .join(tables.flow_run, tables.flow_run.c.id == tables.dispatchable.c.flow_run_id)
            .where(tables.flow_run.c.id == run_id)
        )
    assert (moved.work_queue_name, moved.work_queue_id) == ("default", pool.default_queue_id)
    assert tuple(waiting.one()) == (pool.default_queue_id, pool.default_queue_id)


async def test_the_default_queue_of_a_pool_stays(database: Database) -> None:
    pool = await make_pool(database)
    assert pool.default_queue_id is not None
    async with database.write() as connection:
        with pytest.raises(Forbidden, match="default queue of the work pool 'pool'"):
            await work_queues.delete_work_queue(connection, SCOPE, pool.default_queue_id, now=NOW)


async def test_a_queue_that_is_named_and_missing_is_made_once(database: Database) -> None:
    await make_pool(database)
    async with database.write() as connection:
        made = await ensure_work_queue(connection, SCOPE, "pool", "new", now=NOW)
        again = await ensure_work_queue(connection, SCOPE, "pool", "new", now=NOW)
        agents = await ensure_default_agent_pool(connection, SCOPE, now=NOW)
        same = await ensure_default_agent_pool(connection, SCOPE, now=NOW)
    assert made.id == again.id
    assert agents.id == same.id
    assert agents.name == DEFAULT_AGENT_POOL


async def test_queues_are_filtered_by_name_and_by_how_it_begins(database: Database) -> None:
    await make_pool(database)
    for name in ("night", "Nightly", "n_ght", "day"):
        await make_queue(database, name)
    begins = WorkQueueFilter.model_validate({"name": {"startswith_": ["NIGHT"]}})
    literal = WorkQueueFilter.model_validate({"name": {"startswith_": ["n_"]}})
    either = WorkQueueFilter.model_validate({"name": {"any_": ["day"], "startswith_": ["d", "x"]}})
    async with database.read() as connection:
        for asked, names in (
            (begins, ["night", "Nightly"]),
            (literal, ["n_ght"]),
            (either, ["day"]),
        ):
            found = await work_queues.read_work_queues(connection, SCOPE, asked, ALL)
            assert [queue.name for queue in found] == names


async def test_a_missing_queue_is_named_with_its_pool(database: Database) -> None:
    pool = await make_pool(database)
    async with database.read() as connection:
        with pytest.raises(ObjectNotFound, match="'x' in the work pool 'pool'"):
            await work_queues.require_queues_of_pool(connection, SCOPE, pool, ["default", "x"])
        with pytest.raises(ObjectNotFound, match="work pool named 'nowhere'"):
            await work_queues.read_work_queue_by_name(connection, SCOPE, "nowhere", "x")


async def test_a_queue_is_healthy_when_polled_lately_and_nothing_is_late(
    database: Database,
) -> None:
    await make_pool(database)
    deployment = await deploy(database, work_pool_name="pool")
    assert deployment.work_queue_id is not None
    polled = WorkQueueUpdate(last_polled=NOW)
    async with database.write() as connection:
        await work_queues.update_work_queue(
            connection, SCOPE, deployment.work_queue_id, polled, now=NOW
        )
        good = await read_work_queue_status(connection, SCOPE, deployment.work_queue_id, now=NOW)
    await make_run(database, deployment, state_name="Late")
    async with database.read() as connection:
        late = await read_work_queue_status(connection, SCOPE, deployment.work_queue_id, now=NOW)
    assert (good.healthy, good.late_runs_count) == (True, 0)
    assert (late.healthy, late.late_runs_count) == (False, 1)
