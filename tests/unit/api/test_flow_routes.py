"""Flows and flow runs over HTTP, on both sets of backends."""

import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterWorkQueueName
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.work_pools import WorkPoolCreate


async def test_a_flow_is_made_once_however_often_it_is_named(client: WindlassClient) -> None:
    first = await client.create_flow_from_name("a-flow")
    assert await client.create_flow_from_name("a-flow") == first
    assert (await client.read_flow_by_name("a-flow")).id == first


async def test_a_deleted_flow_takes_its_deployments_and_runs_with_it(
    client: WindlassClient,
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("a-flow")
    wanted = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    deployment = await client.create_deployment(wanted)
    scheduled = await client.create_flow_run_from_deployment(deployment.id)
    by_hand = await client.create_flow_run(FlowRunCreate(flow_id=flow_id))
    await client.delete_flow(flow_id)
    for run in (scheduled, by_hand):
        with pytest.raises(ObjectNotFound):
            await client.read_flow_run(run.id)
    with pytest.raises(ObjectNotFound):
        await client.read_deployment(deployment.id)


async def test_flow_runs_are_found_by_the_name_of_their_queue(client: WindlassClient) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("a-flow")
    waiting = await client.create_flow_run(FlowRunCreate(flow_id=flow_id, work_pool_name="pool"))
    await client.create_flow_run(FlowRunCreate(flow_id=flow_id))
    asked = FlowRunFilter(work_queue_name=FlowRunFilterWorkQueueName(any_=["default"]))
    found = await client.read_flow_runs(FlowRunQuery(flow_runs=asked))
    assert [run.id for run in found] == [waiting.id]
