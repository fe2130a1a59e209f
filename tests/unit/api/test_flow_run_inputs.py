"""Inputs of flow runs, and resuming the runs that wait for them, on both sets of backends."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRunCreate
from windlass.schemas.orchestration import OrchestrationResult, SetStateStatus
from windlass.schemas.states import State, StateDetails
from windlass.schemas.variables import VariableCreate
from windlass.states import Paused, Pending, Running, Suspended
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.pause_expirations import fail_expired_pauses

KEYSET = {part: f"paused-1-{part}" for part in ("description", "response", "schema")}
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


@pytest.fixture
async def run_id(client: WindlassClient) -> UUID:
    """A run that runs."""
    flow_id = await client.create_flow_from_name("flow")
    wanted = FlowRunCreate(flow_id=flow_id, state=Pending().to_create())
    run = await client.create_flow_run(wanted)
    await enter(client, run.id, Running())
    return run.id


async def enter(client: WindlassClient, run_id: UUID, state: State) -> OrchestrationResult:
    return await client.set_flow_run_state(run_id, state.to_create())


async def pause(client: WindlassClient, run_id: UUID, **details: Any) -> OrchestrationResult:
    state = Paused(3600, pause_key=str(uuid7()), state_details=StateDetails(**details))
    return await enter(client, run_id, state)


async def test_an_input_is_kept_once_by_its_key(client: WindlassClient, run_id: UUID) -> None:
    await client.create_flow_run_input(run_id, "a-1", '"x"', sender="somebody")
    assert await client.read_flow_run_input(run_id, "a-1") == '"x"'
    with pytest.raises(ObjectAlreadyExists):
        await client.create_flow_run_input(run_id, "a-1", "2")
    await client.delete_flow_run_input(run_id, "a-1")
    for act in (client.read_flow_run_input, client.delete_flow_run_input):
        with pytest.raises(ObjectNotFound):
            await act(run_id, "a-1")
    with pytest.raises(ObjectNotFound):
        await client.create_flow_run_input(uuid7(), "a-1", "2")


async def test_inputs_are_found_by_how_their_keys_begin(
    client: WindlassClient, run_id: UUID
) -> None:
    for key in ("a_1", "ab1", "a_2", "a_3"):
        await client.create_flow_run_input(run_id, key, "1")
    found = await client.filter_flow_run_input(run_id, "a_", limit=5, exclude_keys={"a_2"})
    assert [one.key for one in found] == ["a_1", "a_3"]
    assert len(await client.filter_flow_run_input(run_id, "a")) == 1
    assert await client.filter_flow_run_input(uuid7(), "a") == []


@pytest.mark.parametrize("body", [{"key": "a/b", "value": "1"}, {"key": "a"}])
async def test_a_malformed_input_is_refused(
    api: httpx.AsyncClient, run_id: UUID, body: dict[str, str]
) -> None:
    assert (await api.post(f"/flow_runs/{run_id}/input", json=body)).status_code == 422
    many = {"prefix": "a", "limit": 100_000}
    assert (await api.post(f"/flow_runs/{run_id}/input/filter", json=many)).status_code == 422


async def test_inputs_go_with_their_run(client: WindlassClient, run_id: UUID) -> None:
    await client.create_flow_run_input(run_id, "a", "1")
    await client.delete_flow_run(run_id)
    assert await client.filter_flow_run_input(run_id, "a") == []


async def test_a_paused_run_goes_on_when_it_is_resumed(
    client: WindlassClient, run_id: UUID
) -> None:
    not_paused = await client.resume_flow_run(run_id)
    assert (not_paused.status, not_paused.state) == (SetStateStatus.ABORT, None)
    assert (await pause(client, run_id)).status is SetStateStatus.ACCEPT
    assert (await client.resume_flow_run(run_id)).status is SetStateStatus.ACCEPT
    run = await client.read_flow_run(run_id)
    assert (run.state_name, run.run_count) == ("Running", 1)
    with pytest.raises(ObjectNotFound):
        await client.resume_flow_run(uuid7())


async def test_a_suspended_run_is_scheduled_when_it_is_resumed(client: WindlassClient) -> None:
    flow_id = await client.create_flow_from_name("flow")
    deployment = await client.create_deployment(DeploymentCreate(name="d", flow_id=flow_id))
    wanted = DeploymentFlowRunCreate()
    run = await client.create_flow_run_from_deployment(deployment.id, wanted)
    for state in (Pending(), Running(), Suspended(pause_key="1")):
        assert (await enter(client, run.id, state)).status is SetStateStatus.ACCEPT
    resumed = await client.resume_flow_run(run.id)
    assert resumed.state is not None
    assert (resumed.state.name, resumed.state.type) == ("Resuming", "SCHEDULED")
    assert resumed.state.state_details.scheduled_time is not None


@pytest.mark.parametrize("given", [None, {}, {"x": "many"}, {"x": {"__prefect_kind": "json"}}])
async def test_input_that_does_not_fit_resumes_nothing(
    client: WindlassClient, run_id: UUID, given: dict[str, Any] | None
) -> None:
    await client.create_flow_run_input(run_id, KEYSET["schema"], json.dumps(SCHEMA))
    await pause(client, run_id, run_input_keyset=KEYSET)
    refused = await client.resume_flow_run(run_id, given)
    assert refused.status is SetStateStatus.REJECT
    assert refused.state is not None
    assert refused.state.is_paused()
    assert "`x`" in (getattr(refused.details, "reason", None) or "")
    assert await client.filter_flow_run_input(run_id, KEYSET["response"]) == []


@pytest.mark.parametrize(("schema", "reason"), [(None, "not found"), ("{bad", "not valid JSON")])
async def test_a_pause_whose_form_is_lost_says_so(
    client: WindlassClient, run_id: UUID, schema: str | None, reason: str
) -> None:
    if schema is not None:
        await client.create_flow_run_input(run_id, KEYSET["schema"], schema)
    await pause(client, run_id, run_input_keyset=KEYSET)
    refused = await client.resume_flow_run(run_id, {"x": 1})
    assert reason in (getattr(refused.details, "reason", None) or "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"x": 1}, {"x": 1}),
        ({"x": {"__prefect_kind": "json", "value": "7"}}, {"x": 7}),
        ({"x": {"__prefect_kind": "workspace_variable", "variable_name": "n"}}, {"x": 9}),
        ({"x": {"__prefect_kind": "none", "value": 3}}, {"x": 3}),
    ],
)
async def test_the_input_is_there_when_the_run_goes_on(
    client: WindlassClient, run_id: UUID, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    await client.create_variable(VariableCreate(name="n", value=9))
    await client.create_flow_run_input(run_id, KEYSET["schema"], json.dumps(SCHEMA))
    await pause(client, run_id, run_input_keyset=KEYSET)
    assert (await client.resume_flow_run(run_id, given)).status is SetStateStatus.ACCEPT
    assert json.loads(await client.read_flow_run_input(run_id, KEYSET["response"])) == kept


async def test_a_pause_that_nobody_ended_in_time_fails(
    client: WindlassClient, services: ServiceContext, run_id: UUID
) -> None:
    assert await fail_expired_pauses(services) == 0
    await enter(client, run_id, Paused(-10, pause_key="1"))
    assert await fail_expired_pauses(services) == 1
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_failed()
    assert await fail_expired_pauses(services) == 0


async def test_a_pause_without_an_end_or_with_time_left_stays(
    client: WindlassClient, services: ServiceContext, run_id: UUID
) -> None:
    await enter(client, run_id, Paused(pause_key="1"))
    assert await fail_expired_pauses(services) == 0
    await client.resume_flow_run(run_id)
    await pause(client, run_id)
    assert await fail_expired_pauses(services) == 0


async def test_a_run_is_not_resumed_too_late(client: WindlassClient, run_id: UUID) -> None:
    await enter(client, run_id, Paused(-10, pause_key="1"))
    late = await client.resume_flow_run(run_id)
    assert late.status is SetStateStatus.REJECT
    assert late.state is not None
    assert late.state.is_failed()
