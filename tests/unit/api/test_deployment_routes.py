"""Deployments, their schedules and their runs over HTTP, on both sets of backends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.schemas.deployment_schedules import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.deployments import (
    DeploymentCreate,
    DeploymentStatus,
    DeploymentUpdate,
    ScheduleDeployment,
)
from windlass.schemas.filters.queries import DeploymentCountQuery, DeploymentQuery, FlowRunQuery
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.states import StateType
from windlass.schemas.work_pools import WorkPoolCreate
from windlass_services.orchestration.channels import SCHEDULES_CHANGED
from windlass_services.orchestration.context import ServiceContext

HOURLY: dict[str, Any] = {"schedule": {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}}
STOCK = {"User-Agent": "prefect/3.6.7 (API 0.8.4)"}


async def wanted(
    client: WindlassClient, name: str = "deployment", **fields: Any
) -> DeploymentCreate:
    """A deployment of `flow`, saying only `fields`."""
    flow_id = await client.create_flow_from_name("flow")
    return DeploymentCreate.model_validate({"name": name, "flow_id": flow_id, **fields})


async def deploy_to_pool(client: WindlassClient, **fields: Any) -> UUID:
    """The id of a deployment into a new pool."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    made = await client.create_deployment(await wanted(client, work_pool_name="pool", **fields))
    return made.id


async def test_a_deployment_is_made_read_changed_and_deleted(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, tags=["a"]))
    await client.update_deployment(made.id, DeploymentUpdate(description="Nightly"))
    read = await client.read_deployment_by_name("flow/deployment")
    assert (read.id, read.description, read.tags) == (made.id, "Nightly", ["a"])
    assert await client.read_deployment(made.id) == read
    await client.delete_deployment(made.id)
    with pytest.raises(ObjectNotFound, match="'flow/deployment'"):
        await client.read_deployment_by_name("flow/deployment")


async def test_the_second_time_is_a_change(client: WindlassClient, api: httpx.AsyncClient) -> None:
    body = (await wanted(client)).model_dump(mode="json", exclude_unset=True)
    first = await api.post("/deployments/", json=body)
    again = await api.post("/deployments/", json=body | {"tags": ["b"]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


async def test_a_name_with_odd_characters_is_found(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, "50% off? #1"))
    assert (await client.read_deployment_by_name("flow/50% off? #1")).id == made.id


async def test_deployments_are_listed_counted_and_paged(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    for name in ("b", "a", "c"):
        await client.create_deployment(await wanted(client, name))
    only = {"deployments": {"name": {"any_": ["a", "b"]}}}
    found = await client.read_deployments(DeploymentQuery.model_validate(only))
    assert [deployment.name for deployment in found] == ["a", "b"]
    assert await client.count_deployments() == 3
    assert await client.count_deployments(DeploymentCountQuery.model_validate(only)) == 2
    page = (await api.post("/deployments/paginate", json={"limit": 2, "page": 2})).json()
    assert [deployment["name"] for deployment in page["results"]] == ["c"]
    assert (page["count"], page["pages"], page["page"], page["limit"]) == (3, 2, 2, 2)


async def test_schedules_are_added_changed_and_removed(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, schedules=[HOURLY]))
    create = DeploymentScheduleCreate.model_validate({"schedule": {"cron": "0 0 * * *"}})
    [added] = await client.create_deployment_schedules(made.id, [create])
    await client.update_deployment_schedule(
        made.id, added.id, DeploymentScheduleUpdate(active=False)
    )
    newest, oldest = await client.read_deployment_schedules(made.id)
    assert (newest.id, newest.active, oldest.active) == (added.id, False, True)
    await client.delete_deployment_schedule(made.id, oldest.id)
    assert [one.id for one in await client.read_deployment_schedules(made.id)] == [added.id]


async def test_a_stock_client_that_sends_no_schedules_keeps_those_there_are(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    create = await wanted(client, schedules=[HOURLY])
    made = await client.create_deployment(create)
    body: dict[str, Any] = {"name": "deployment", "flow_id": str(create.flow_id), "schedules": []}
    kept = await api.post("/deployments/", json=body, headers=STOCK)
    assert [one["id"] for one in kept.json()["schedules"]] == [str(made.schedules[0].id)]
    removed = await api.post("/deployments/", json=body)
    assert removed.json()["schedules"] == []


async def test_a_schedule_asks_for_no_more_runs_ahead_than_the_server_makes(
    client: WindlassClient,
) -> None:
    greedy = HOURLY | {"max_scheduled_runs": 51}
    with pytest.raises(RequestInvalid, match="50 is the most"):
        await client.create_deployment(await wanted(client, schedules=[greedy]))
    made = await client.create_deployment(await wanted(client, schedules=[HOURLY]))
    with pytest.raises(RequestInvalid, match="50 is the most"):
        await client.update_deployment_schedule(
            made.id, made.schedules[0].id, DeploymentScheduleUpdate(max_scheduled_runs=51)
        )


async def test_the_scheduler_is_told_of_every_change(
    client: WindlassClient, services: ServiceContext
) -> None:
    create = await wanted(client, schedules=[HOURLY])
    async with services.streams.listen([SCHEDULES_CHANGED]) as announcements:
        heard = (one.channel async for one in announcements if not one.resumed)
        with anyio.fail_after(10):
            made = await client.create_deployment(create)
            assert await anext(heard) == SCHEDULES_CHANGED
            await client.pause_deployment(made.id)
            assert await anext(heard) == SCHEDULES_CHANGED
            await client.resume_deployment(made.id)
            assert await anext(heard) == SCHEDULES_CHANGED
    assert not (await client.read_deployment(made.id)).paused


async def test_a_run_of_a_deployment_has_what_both_say(client: WindlassClient) -> None:
    id = await deploy_to_pool(client, parameters={"x": 1, "y": 1}, tags=["a"])
    asked = DeploymentFlowRunCreate(parameters={"y": 2}, tags=["b"], idempotency_key="k")
    run = await client.create_flow_run_from_deployment(id, asked)
    assert (run.parameters, run.tags) == ({"x": 1, "y": 2}, ["a", "b"])
    assert (run.state_type, run.work_pool_name) == (StateType.SCHEDULED, "pool")
    assert (await client.create_flow_run_from_deployment(id, asked)).id == run.id
    with pytest.raises(ObjectNotFound):
        await client.create_flow_run_from_deployment(uuid4())


async def test_a_run_without_what_its_schema_requires_is_refused(client: WindlassClient) -> None:
    schema = {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
    made = await client.create_deployment(await wanted(client, parameter_openapi_schema=schema))
    with pytest.raises(RequestInvalid, match="`x` is required"):
        await client.create_flow_run_from_deployment(made.id)


async def test_parameters_that_say_how_they_are_to_be_got_are_replaced(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    await api.post("/variables/", json={"name": "seven", "value": 7})
    of_variable = {"__prefect_kind": "workspace_variable", "variable_name": "seven"}
    of_json = {"__prefect_kind": "json", "value": "[1]"}
    made = await client.create_deployment(await wanted(client, parameters={"y": of_json}))
    path = f"/deployments/{made.id}/create_flow_run"
    run = (await api.post(path, json={"parameters": {"x": of_variable}})).json()
    assert run["parameters"] == {"x": 7, "y": [1]}
    refused = await api.post(path, json={"parameters": {"x": of_variable | {"variable_name": "?"}}})
    assert "Variable '?' not found" in refused.json()["detail"]
    await api.patch(f"/deployments/{made.id}", json={"parameters": {"y": of_variable}})
    assert (await client.read_deployment(made.id)).parameters == {"y": 7}
    body = {"flow_id": str(made.flow_id), "parameters": {"x": of_json}}
    plain = (await api.post("/flow_runs/", json=body)).json()
    assert plain["parameters"] == {"x": of_json}, "only a deployment's are replaced"


async def test_a_polling_worker_is_given_the_run_that_waits(client: WindlassClient) -> None:
    id = await deploy_to_pool(client)
    run = await client.create_flow_run_from_deployment(id)
    due = datetime.now(UTC) + timedelta(seconds=1)
    [given] = await client.get_scheduled_flow_runs_for_work_pool("pool", scheduled_before=due)
    assert given.flow_run.id == run.id
    with pytest.raises(ObjectNotFound, match="'nowhere' in the work pool 'pool'"):
        await client.get_scheduled_flow_runs_for_work_pool("pool", ["nowhere"])
    assert (await client.read_deployment(id)).status is DeploymentStatus.READY


async def test_the_run_with_the_lowest_priority_is_given_first(client: WindlassClient) -> None:
    id = await deploy_to_pool(client)
    for priority in (1, -1, 0):
        wanted = DeploymentFlowRunCreate(run_priority=priority)
        await client.create_flow_run_from_deployment(id, wanted)
    due = datetime.now(UTC) + timedelta(seconds=1)
    given = await client.get_scheduled_flow_runs_for_work_pool("pool", scheduled_before=due)
    assert [one.flow_run.run_priority for one in given] == [-1, 0, 1]


async def test_a_runner_is_given_the_runs_of_what_it_serves(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client))
    run = await client.create_flow_run_from_deployment(made.id)
    [given] = await client.get_scheduled_flow_runs_for_deployments([made.id])
    assert given.id == run.id
    served = await client.read_deployment(made.id)
    assert served.status is DeploymentStatus.READY
    assert served.last_polled is not None


async def test_a_backfill_makes_the_runs_of_the_past(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, schedules=[HOURLY]))
    start = datetime(2026, 2, 1, tzinfo=UTC)
    asked = ScheduleDeployment(start_time=start, end_time=start + timedelta(hours=5))
    for _ in range(2):
        await client.schedule_deployment(made.id, asked.model_copy(update={"min_runs": 6}))
    query = FlowRunQuery.model_validate({"sort": "EXPECTED_START_TIME_ASC"})
    runs = await client.read_flow_runs(query)
    assert [run.expected_start_time for run in runs] == [
        start + timedelta(hours=hour) for hour in range(6)
    ]
    assert not any(run.auto_scheduled for run in runs)


async def test_nothing_is_scheduled_for_a_paused_deployment(client: WindlassClient) -> None:
    made = await client.create_deployment(await wanted(client, schedules=[HOURLY], paused=True))
    await client.schedule_deployment(made.id)
    assert await client.read_flow_runs() == []


async def test_the_queues_that_serve_a_deployment(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    id = await deploy_to_pool(client, tags=["red"])
    filters: dict[str, dict[str, list[str]]] = {
        "matching": {"tags": ["red"]},
        "named": {"deployment_ids": [str(id)]},
        "other": {"tags": ["red", "blue"]},
    }
    for name, asked in filters.items():
        await api.post("/work_queues/", json={"name": name, "filter": asked})
    found = (await api.get(f"/deployments/{id}/work_queue_check")).json()
    assert {queue["name"] for queue in found} == {"default", "matching", "named"}
