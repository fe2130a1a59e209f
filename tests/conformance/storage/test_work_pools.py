"""Work pools on both dialects."""

from datetime import timedelta

import pytest

from tests.support.work import NOW, SCOPE, make_pool
from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.work_pools import WorkPoolStatus, WorkPoolUpdate
from windlass.schemas.workers import WorkerHeartbeat
from windlass_services.storage import work_pools, work_queues, workers
from windlass_services.storage.database import Database
from windlass_services.storage.paging import Window

ALL = Window(200)
HEARD = workers.Heard("pool", WorkerHeartbeat(name="worker"))


async def test_a_new_pool_has_a_default_queue_of_the_first_priority(database: Database) -> None:
    await make_pool(database)
    async with database.read() as connection:
        pool = await work_pools.read_work_pool(connection, SCOPE, "pool")
        queues = await work_queues.read_work_queues(
            connection, SCOPE, None, ALL, work_pool_name="pool"
        )
    assert [(queue.id, queue.name, queue.priority) for queue in queues] == [
        (pool.default_queue_id, "default", 1)
    ]
    assert pool.status is WorkPoolStatus.NOT_READY


async def test_what_was_stored_is_what_is_read(database: Database) -> None:
    template = {
        "job_configuration": {"image": "{{ image }}"},
        "variables": {"properties": {"image": {"type": "string"}}},
    }
    await make_pool(
        database,
        base_job_template=template,
        description="For nights",
        concurrency_limit=3,
        storage_configuration={"bundle_upload_step": {"step": {}}},
    )
    async with database.read() as connection:
        pool = await work_pools.read_work_pool(connection, SCOPE, "pool")
    assert pool.base_job_template == template
    assert (pool.description, pool.concurrency_limit, pool.type) == ("For nights", 3, "process")
    assert pool.storage_configuration.bundle_upload_step == {"step": {}}
    assert pool.created == pool.updated == NOW


async def test_two_pools_cannot_have_one_name(database: Database) -> None:
    await make_pool(database)
    with pytest.raises(ObjectAlreadyExists, match="'pool' already"):
        await make_pool(database)


@pytest.mark.parametrize("name", ["prefect-pool", "Prefect"])
async def test_reserved_names_are_refused(database: Database, name: str) -> None:
    with pytest.raises(Forbidden, match="reserved"):
        await make_pool(database, name)


async def test_a_missing_pool_says_how_to_make_it(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(ObjectNotFound, match="windlass work-pool create nowhere"):
            await work_pools.read_work_pool(connection, SCOPE, "nowhere")


async def test_an_update_changes_what_is_set_and_null_clears(database: Database) -> None:
    await make_pool(database, description="old", concurrency_limit=3)
    update = WorkPoolUpdate(concurrency_limit=None)
    async with database.write() as connection:
        pool, _ = await work_pools.update_work_pool(
            connection, SCOPE, "pool", update, now=NOW + timedelta(minutes=1)
        )
    assert (pool.concurrency_limit, pool.description) == (None, "old")
    assert pool.updated == NOW + timedelta(minutes=1)


async def test_pausing_and_resuming_are_changes_of_status(database: Database) -> None:
    await make_pool(database)
    async with database.write() as connection:
        _, paused = await work_pools.update_work_pool(
            connection, SCOPE, "pool", WorkPoolUpdate(is_paused=True), now=NOW
        )
        _, again = await work_pools.update_work_pool(
            connection, SCOPE, "pool", WorkPoolUpdate(is_paused=True), now=NOW
        )
        _, resumed = await work_pools.update_work_pool(
            connection, SCOPE, "pool", WorkPoolUpdate(is_paused=False), now=NOW
        )
    assert [change.status for change in paused] == ["PAUSED"]
    assert again == []
    assert [change.status for change in resumed] == ["NOT_READY"]


async def test_a_pool_that_is_resumed_with_a_worker_online_is_ready(database: Database) -> None:
    await make_pool(database, is_paused=True)
    async with database.write() as connection:
        told, _ = await workers.record_heartbeats(connection, SCOPE, [HEARD], now=NOW)
        pool, _ = await work_pools.update_work_pool(
            connection, SCOPE, "pool", WorkPoolUpdate(is_paused=False), now=NOW
        )
    assert told == []
    assert pool.status is WorkPoolStatus.READY


async def test_pools_are_listed_by_name_and_filtered(database: Database) -> None:
    for name, type in (("b", "process"), ("a", "docker"), ("c", "process")):
        await make_pool(database, name, type=type)
    processes = WorkPoolFilter.model_validate({"type": {"any_": ["process"]}})
    either = WorkPoolFilter.model_validate(
        {"operator": "or_", "name": {"any_": ["a"]}, "type": {"any_": ["process"]}}
    )
    async with database.read() as connection:
        every = await work_pools.read_work_pools(connection, SCOPE, None, ALL)
        second = await work_pools.read_work_pools(connection, SCOPE, None, Window(1, 1))
        of_type = await work_pools.read_work_pools(connection, SCOPE, processes, ALL)
        counted = await work_pools.count_work_pools(connection, SCOPE, either)
    assert [pool.name for pool in every] == ["a", "b", "c"]
    assert [pool.name for pool in second] == ["b"]
    assert [pool.name for pool in of_type] == ["b", "c"]
    assert counted == 3


async def test_a_deleted_pool_is_gone_with_its_queues_and_workers(database: Database) -> None:
    await make_pool(database)
    async with database.write() as connection:
        await workers.record_heartbeats(connection, SCOPE, [HEARD], now=NOW)
        await work_pools.delete_work_pool(connection, SCOPE, "pool", now=NOW)
        with pytest.raises(ObjectNotFound):
            await work_pools.read_work_pool(connection, SCOPE, "pool")
        assert await work_queues.read_work_queues(connection, SCOPE, None, ALL) == []
    await make_pool(database)
    async with database.read() as connection:
        assert await workers.read_workers(connection, SCOPE, "pool", None, ALL) == []
