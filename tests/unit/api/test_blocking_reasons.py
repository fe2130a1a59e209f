"""Lists say what holds back the runs that are due."""

from httpx import AsyncClient

from windlass.cli.display import state_cell
from windlass.client._async.client import WindlassClient
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.work_pools import WorkPoolCreate


async def test_a_listed_run_says_what_holds_it_back(
    client: WindlassClient, api: AsyncClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process", is_paused=True))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    deployment = await client.create_deployment(create)
    await client.create_flow_run_from_deployment(deployment.id)
    [listed] = await client.read_flow_runs(FlowRunQuery())
    assert listed.blocking_reason == "work pool paused"
    assert state_cell(listed).text == "Scheduled (work pool paused)"
    paged = await api.post("/flow_runs/paginate", json={})
    assert [run["blocking_reason"] for run in paged.json()["results"]] == ["work pool paused"]
