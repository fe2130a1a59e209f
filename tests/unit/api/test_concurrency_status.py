"""Which runs hold the slots of pools and queues, on both sets of backends."""

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.concurrency_status import WorkPoolConcurrencyQuery, WorkQueueConcurrencyQuery
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import ClaimRequest
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.states import StateType
from windlass.schemas.work_pools import WorkPoolCreate
from windlass.schemas.work_queues import WorkQueueCreate
from windlass.states import Scheduled


async def pool_with_runs(client: WindlassClient) -> list[str]:
    """A pool whose queue `night` has two of its three runs taken; the names of those two."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process", concurrency_limit=5))
    await client.create_work_queue("pool", WorkQueueCreate(name="night", concurrency_limit=2))
    flow_id = await client.create_flow_from_name("flow")
    deployment = await client.create_deployment(
        DeploymentCreate(name="d", flow_id=flow_id, work_pool_name="pool", work_queue_name="night")
    )
    for _ in range(3):
        await client.create_flow_run_from_deployment(
            deployment.id, DeploymentFlowRunCreate(state=Scheduled().to_create())
        )
    claimed = await client.claim("pool", ClaimRequest(request_id=uuid7(), worker_name="w", limit=3))
    return [one.flow_run.name for one in claimed]


async def test_a_queue_shows_the_runs_that_hold_its_slots(client: WindlassClient) -> None:
    first, second = await pool_with_runs(client)
    queue = await client.read_work_queue_by_name("pool", "night")
    status = await client.read_work_queue_concurrency_status(queue.id)
    assert (status.active_slots, status.concurrency_limit) == (2, 2)
    assert (status.count, status.pages, status.page) == (2, 1, 1)
    assert [run.name for run in status.flow_runs] == [first, second]
    assert {run.state_type for run in status.flow_runs} == {StateType.PENDING}
    assert all((run.time_in_current_state or -1) >= 0 for run in status.flow_runs)
    query = WorkQueueConcurrencyQuery(page=2, limit=1)
    page = await client.read_work_queue_concurrency_status(queue.id, query)
    assert (page.count, page.pages, page.limit) == (2, 2, 1)
    assert [run.name for run in page.flow_runs] == [second]


async def test_a_pool_shows_its_queues_by_priority(client: WindlassClient) -> None:
    first, _ = await pool_with_runs(client)
    query = WorkPoolConcurrencyQuery(flow_run_limit=1)
    status = await client.read_work_pool_concurrency_status("pool", query)
    assert (status.active_slots, status.concurrency_limit, status.count) == (2, 5, 2)
    default, night = status.queues
    assert (default.queue_name, default.active_slots, default.flow_runs) == ("default", 0, [])
    assert (night.active_slots, night.concurrency_limit, night.flow_run_count) == (2, 2, 2)
    assert [run.name for run in night.flow_runs] == [first]
    page = await client.read_work_pool_concurrency_status(
        "pool", WorkPoolConcurrencyQuery(page=2, limit=1, flow_run_limit=0)
    )
    assert [(queue.queue_name, queue.flow_runs) for queue in page.queues] == [("night", [])]


async def test_what_is_not_there_or_out_of_bounds_is_refused(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool"))
    path = "/work_pools/pool/concurrency_status"
    assert (await api.post(path)).json()["active_slots"] == 0
    for body in ({"flow_run_limit": 201}, {"page": 0}, {"limit": 201}):
        assert (await api.post(path, json=body)).status_code == 422
    with pytest.raises(ObjectNotFound):
        await client.read_work_pool_concurrency_status("nowhere")
    with pytest.raises(ObjectNotFound):
        await client.read_work_queue_concurrency_status(uuid7())
