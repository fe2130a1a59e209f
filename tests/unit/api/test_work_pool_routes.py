"""Work pools, their queues and their workers over HTTP, on both sets of backends."""

import anyio
import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound, RequestInvalid
from windlass.schemas.filters.work_pools import WorkPoolCountQuery, WorkPoolFilter, WorkPoolQuery
from windlass.schemas.filters.workers import WorkerQuery
from windlass.schemas.work_pools import WorkPoolCreate, WorkPoolStatus, WorkPoolUpdate
from windlass.schemas.work_queues import WorkQueueCreate, WorkQueueUpdate
from windlass.schemas.workers import WorkerHeartbeat
from windlass_services.orchestration.context import ServiceContext

POOL = WorkPoolCreate(name="pool", type="process")


async def events(services: ServiceContext) -> list[str]:
    """The names of all stored events, oldest first."""
    async with services.database.read() as connection:
        rows = await connection.exec_driver_sql("SELECT event FROM event ORDER BY id")
        return list(rows.scalars())


async def test_a_pool_is_made_read_changed_and_deleted(client: WindlassClient) -> None:
    made = await client.create_work_pool(POOL)
    await client.update_work_pool("pool", WorkPoolUpdate(description="For nights"))
    read = await client.read_work_pool("pool")
    assert (read.id, read.description, read.status) == (
        made.id,
        "For nights",
        WorkPoolStatus.NOT_READY,
    )
    await client.delete_work_pool("pool")
    with pytest.raises(ObjectNotFound, match="work pool named 'pool'"):
        await client.read_work_pool("pool")


async def test_pools_are_listed_and_counted(client: WindlassClient) -> None:
    for name in ("b", "a"):
        await client.create_work_pool(WorkPoolCreate(name=name))
    only = WorkPoolFilter.model_validate({"name": {"any_": ["a"]}})
    assert [pool.name for pool in await client.read_work_pools()] == ["a", "b"]
    filtered = await client.read_work_pools(WorkPoolQuery(work_pools=only))
    assert [pool.name for pool in filtered] == ["a"]
    assert await client.count_work_pools() == 2
    assert await client.count_work_pools(WorkPoolCountQuery(work_pools=only)) == 1


async def test_refusals_say_what_is_wrong(client: WindlassClient, api: httpx.AsyncClient) -> None:
    await client.create_work_pool(POOL)
    with pytest.raises(ObjectAlreadyExists):
        await client.create_work_pool(POOL)
    with pytest.raises(Forbidden, match="reserved"):
        await client.create_work_pool(WorkPoolCreate(name="prefect-pool"))
    too_many = await api.post("/work_pools/filter", json={"limit": 201})
    assert too_many.status_code == 422
    bad_name = await api.post("/work_pools/", json={"name": "a/b"})
    assert bad_name.status_code == 422


async def test_a_pool_without_a_template_gets_the_one_of_its_type(
    client: WindlassClient,
) -> None:
    made = await client.create_work_pool(POOL)
    known = (await client.read_worker_metadata())["prefect"]["process"]
    assert made.base_job_template == known["default_base_job_configuration"]
    unknown = await client.create_work_pool(WorkPoolCreate(name="other", type="unheard-of"))
    assert unknown.base_job_template == {}


async def test_a_template_with_a_default_that_does_not_fit_is_refused(
    client: WindlassClient,
) -> None:
    template = {
        "job_configuration": {"cpu": "{{ cpu }}"},
        "variables": {"properties": {"cpu": {"type": "integer", "default": "many"}}},
    }
    wrong = WorkPoolCreate(name="pool", base_job_template=template)
    with pytest.raises(RequestInvalid, match="`cpu` must be of type integer"):
        await client.create_work_pool(wrong)
    await client.create_work_pool(POOL)
    with pytest.raises(RequestInvalid, match="defaults in the base job template of the work pool"):
        await client.update_work_pool("pool", WorkPoolUpdate(base_job_template=template))


async def test_other_collections_are_not_there(api: httpx.AsyncClient) -> None:
    answer = await api.get("/collections/views/aggregate-flow-metadata")
    assert answer.status_code == 404


async def test_queues_of_a_pool(client: WindlassClient) -> None:
    await client.create_work_pool(POOL)
    made = await client.create_work_queue("pool", WorkQueueCreate(name="night", priority=1))
    assert await client.read_work_queue_by_name("pool", "night") == made
    assert await client.read_work_queue(made.id) == made
    names = [queue.name for queue in await client.read_work_queues("pool")]
    assert names == ["night", "default"]
    assert [queue.name for queue in await client.match_work_queues(["ni"], "pool")] == ["night"]
    await client.update_work_queue(made.id, WorkQueueUpdate(priority=3))
    names = [queue.name for queue in await client.read_work_queues("pool")]
    assert names == ["default", "night"]
    assert not (await client.read_work_queue_status(made.id)).healthy
    await client.delete_work_queue(made.id)
    with pytest.raises(ObjectNotFound, match="'night' in the work pool 'pool'"):
        await client.read_work_queue_by_name("pool", "night")


async def test_queues_are_changed_by_name_as_stock_clients_do(api: httpx.AsyncClient) -> None:
    await api.post("/work_pools/", json={"name": "pool"})
    await api.post("/work_pools/pool/queues", json={"name": "night"})
    paused = await api.patch("/work_pools/pool/queues/night", json={"is_paused": True})
    assert paused.status_code == 204
    read = (await api.get("/work_pools/pool/queues/night")).json()
    assert (read["is_paused"], read["status"]) == (True, "PAUSED")
    assert (await api.delete("/work_pools/pool/queues/night")).status_code == 204
    assert (await api.delete("/work_pools/pool/queues/default")).status_code == 403


async def test_a_queue_without_a_pool_belongs_to_the_default_agent_pool(
    api: httpx.AsyncClient,
) -> None:
    made = await api.post("/work_queues/", json={"name": "old"})
    assert made.status_code == 201
    assert made.json()["work_pool_name"] == "default-agent-pool"
    assert (await api.get("/work_queues/name/old")).json()["id"] == made.json()["id"]
    listed = await api.post("/work_queues/filter", json={})
    assert {queue["name"] for queue in listed.json()} == {"old", "default"}
    runs = await api.post(f"/work_queues/{made.json()['id']}/get_runs", json={})
    assert runs.json() == []
    read = await api.get(f"/work_queues/{made.json()['id']}")
    assert read.json()["status"] == "READY"


async def test_the_page_may_look_at_the_runs_of_a_queue_without_polling_it(
    api: httpx.AsyncClient,
) -> None:
    made = (await api.post("/work_queues/", json={"name": "old"})).json()
    await api.post(f"/work_queues/{made['id']}/get_runs", headers={"X-Prefect-UI": "true"})
    read = await api.get(f"/work_queues/{made['id']}")
    assert (read.json()["status"], read.json()["last_polled"]) == ("NOT_READY", None)


async def test_a_worker_is_there_after_its_heartbeat(client: WindlassClient) -> None:
    await client.create_work_pool(POOL)
    await client.send_worker_heartbeat("pool", WorkerHeartbeat(name="worker"))
    online = WorkerQuery.model_validate({"workers": {"status": {"any_": ["ONLINE"]}}})
    [worker] = await client.read_workers_for_work_pool("pool", online)
    assert worker.name == "worker"
    assert (await client.read_work_pool("pool")).status is WorkPoolStatus.READY
    await client.delete_worker("pool", "worker")
    assert await client.read_workers_for_work_pool("pool") == []


async def test_every_change_of_status_is_an_event(
    client: WindlassClient, services: ServiceContext
) -> None:
    await client.create_work_pool(POOL)
    for _ in range(2):
        await client.send_worker_heartbeat("pool", WorkerHeartbeat(name="worker"))
        await client.get_scheduled_flow_runs_for_work_pool("pool")
    await client.update_work_pool("pool", WorkPoolUpdate(is_paused=True))
    assert await events(services) == [
        "prefect.work-pool.not-ready",
        "prefect.work-pool.ready",
        "prefect.work-queue.ready",
        "prefect.work-pool.paused",
    ]


async def test_a_pool_that_is_resumed_is_announced_to_who_waits(
    client: WindlassClient, services: ServiceContext
) -> None:
    pool = await client.create_work_pool(WorkPoolCreate(name="pool", is_paused=True))
    async with services.streams.listen(["pool:*"]) as announcements:
        await client.update_work_pool("pool", WorkPoolUpdate(is_paused=False))
        channels = (heard.channel async for heard in announcements if not heard.resumed)
        with anyio.fail_after(10):
            assert await anext(channels) == f"pool:{pool.id}"
