"""Many runs in one request, and the database as a whole, on both sets of backends."""

from typing import Any

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterName
from windlass.schemas.filters.queries import FlowRunBulkDelete, FlowRunBulkSetState
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.orchestration import SetStateStatus
from windlass.states import Cancelled, Completed, Scheduled


async def runs(client: WindlassClient, *names: str) -> None:
    flow_id = await client.create_flow_from_name("flow")
    for name in names:
        state = Scheduled().to_create()
        await client.create_flow_run(FlowRunCreate(flow_id=flow_id, name=name, state=state))


def named(*names: str) -> FlowRunFilter:
    return FlowRunFilter(name=FlowRunFilterName(any_=list(names)))


async def test_runs_that_match_are_deleted_up_to_the_limit(client: WindlassClient) -> None:
    await runs(client, "a", "b", "c")
    both = FlowRunBulkDelete(flow_runs=named("a", "b"), limit=1)
    assert len(await client.bulk_delete_flow_runs(both)) == 1
    assert await client.count_flow_runs() == 2
    await client.bulk_delete_flow_runs(FlowRunBulkDelete())
    assert await client.count_flow_runs() == 0


async def test_a_state_is_proposed_for_every_run_that_matches(client: WindlassClient) -> None:
    await runs(client, "a", "b", "c")
    asked = FlowRunBulkSetState(flow_runs=named("a", "b"), state=Cancelled().to_create())
    answer = await client.bulk_set_flow_run_state(asked)
    assert [one.status for one in answer.results] == [SetStateStatus.ACCEPT] * 2
    assert {one.state_name for one in await client.read_flow_runs()} == {"Cancelled", "Scheduled"}
    again = asked.model_copy(update={"state": Completed().to_create(), "flow_runs": named("c")})
    [third] = (await client.bulk_set_flow_run_state(again)).results
    assert (third.state and third.state.name) == "Completed"


async def test_runs_of_a_deployment_are_made_at_once(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    flow_id = await client.create_flow_from_name("flow")
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    deployment = await client.create_deployment(
        DeploymentCreate(name="d", flow_id=flow_id, parameter_openapi_schema=schema)
    )
    path = f"/deployments/{deployment.id}/create_flow_run/bulk"
    wanted: list[dict[str, Any]] = [{"parameters": {"x": 1}}, {"parameters": {"x": "many"}}]
    results = (await api.post(path, json=wanted)).json()["results"]
    assert [one["status"] for one in results] == ["CREATED", "FAILED"]
    assert "x" in results[1]["error"]
    assert (await api.post(path, json=[dict[str, Any]()] * 101)).status_code == 422


async def test_flows_and_deployments_that_match_are_deleted(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    for name in ("a", "b"):
        flow_id = await client.create_flow_from_name(name)
        await client.create_deployment(DeploymentCreate(name=f"d-{name}", flow_id=flow_id))
    only = {"deployments": {"name": {"any_": ["d-a"]}}}
    gone = (await api.post("/deployments/bulk_delete", json=only)).json()["deleted"]
    assert len(gone) == 1
    assert (await api.post("/deployments/count", json={})).json() == 1
    gone = (await api.post("/flows/bulk_delete", json={"limit": 1})).json()["deleted"]
    assert len(gone) == 1
    await api.post("/flows/bulk_delete")
    assert (await api.post("/flows/count", json={})).json() == 0
    assert (await api.post("/flows/bulk_delete", json={"limit": 51})).status_code == 422


@pytest.mark.parametrize("action", ["clear", "drop", "create"])
async def test_the_database_is_touched_only_when_it_is_confirmed(
    api: httpx.AsyncClient, client: WindlassClient, action: str
) -> None:
    await runs(client, "a")
    for body in (None, {}, {"confirm": False}):
        assert (await api.post(f"/admin/database/{action}", json=body)).status_code == 400
    assert await client.count_flow_runs() == 1


async def test_a_database_that_was_cleared_is_empty_and_works(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    await runs(client, "a")
    confirmed = {"confirm": True}
    assert (await api.post("/admin/database/clear", json=confirmed)).status_code == 204
    assert await client.count_flow_runs() == 0
    await runs(client, "b")
    assert await client.count_flow_runs() == 1


async def test_a_database_that_was_dropped_can_be_made_anew(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    await runs(client, "a")
    confirmed = {"confirm": True}
    for action in ("create", "drop", "create"):
        assert (await api.post(f"/admin/database/{action}", json=confirmed)).status_code == 204
    assert await client.count_flow_runs() == 0
    await runs(client, "b")
    assert await client.count_flow_runs() == 1
