"""What polling workers are told beside a run, so that its process is fenced."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import EXECUTION_HEADER
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun
from windlass.schemas.orchestration import SetState
from windlass.schemas.state_constructors import Pending, Running, Scheduled
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass.schemas.workers import WorkerFlowRunResponse
from windlass_services.api.candidates import (
    CUSTOM_HEADERS,
    HEARTBEAT_FREQUENCY,
    next_execution_of,
    with_candidate,
)

HEADERS = {EXECUTION_HEADER: "an-execution"}


def told(job_variables: dict[str, Any] | None) -> WorkerFlowRunResponse:
    """A run that a poll found."""
    run = FlowRun(id=uuid7(), name="run", flow_id=uuid7(), job_variables=job_variables)
    return WorkerFlowRunResponse(work_pool_id=uuid7(), work_queue_id=uuid7(), flow_run=run)


def pool(environment: object = None) -> WorkPool:
    """A pool whose template has this default for the environment."""
    template = {"variables": {"properties": {"env": {"default": environment}}}}
    return WorkPool(id=uuid7(), name="pool", type="process", base_job_template=template)


def environment_of(response: WorkerFlowRunResponse) -> dict[str, Any]:
    return (response.flow_run.job_variables or {}).get("env", {})


def headers_of(response: WorkerFlowRunResponse) -> dict[str, str]:
    return json.loads(environment_of(response)[CUSTOM_HEADERS])


def test_the_headers_go_into_the_environment_of_the_job() -> None:
    found = told({"image": "python", "env": {"A": "1"}})
    named = with_candidate(found, pool(), {"env": {"B": "2"}}, HEADERS)
    ours = {CUSTOM_HEADERS: json.dumps(HEADERS), HEARTBEAT_FREQUENCY: "30"}
    assert environment_of(named) == {"A": "1"} | ours
    assert (named.flow_run.job_variables or {})["image"] == "python"
    assert found.flow_run.job_variables == {"image": "python", "env": {"A": "1"}}


@pytest.mark.parametrize("as_text", [True, False])
def test_headers_that_the_nearest_level_sets_are_kept(as_text: bool) -> None:
    def level(name: str) -> dict[str, Any]:
        value = {"X-Level": name}
        return {"env": {CUSTOM_HEADERS: json.dumps(value) if as_text else value}}

    of_pool = pool(level("pool")["env"])
    for run, deployment, kept in [
        (level("run"), level("deployment"), "run"),
        ({}, level("deployment"), "deployment"),
        (None, {}, "pool"),
    ]:
        named = with_candidate(told(run), of_pool, deployment, HEADERS)
        assert headers_of(named) == {"X-Level": kept} | HEADERS


@pytest.mark.parametrize("level", ["run", "deployment", "pool"])
def test_who_says_how_often_a_runner_sends_heartbeats_has_it_so(level: str) -> None:
    said: dict[str, Any] = {level: {HEARTBEAT_FREQUENCY: "60"}}
    run, deployment = {"env": said.get("run", {})}, {"env": said.get("deployment", {})}
    named = with_candidate(told(run), pool(said.get("pool")), deployment, HEADERS)
    assert environment_of(named).get(HEARTBEAT_FREQUENCY) == said.get("run", {}).get(
        HEARTBEAT_FREQUENCY
    )


@pytest.mark.parametrize("value", ["{{ prefect.blocks.secret.headers }}", "[]", None, 7])
def test_headers_that_cannot_be_read_are_left_alone(value: object) -> None:
    found = told({"env": {CUSTOM_HEADERS: value}})
    assert with_candidate(found, pool(), {}, HEADERS) is found


@pytest.mark.parametrize(
    "template", [{}, {"variables": None}, {"variables": {"properties": {"env": True}}}]
)
def test_any_template_will_do(template: dict[str, Any]) -> None:
    without = pool().model_copy(update={"base_job_template": template})
    assert headers_of(with_candidate(told(None), without, {"env": None}, HEADERS)) == HEADERS


def test_the_next_execution_follows_the_newest() -> None:
    run = told(None).flow_run
    assert next_execution_of(run) == f"{run.id}.1"
    again = run.model_copy(update={"execution_id": f"{run.id}.4"})
    assert next_execution_of(again) == f"{run.id}.5"


async def candidate(client: WindlassClient) -> str:
    """The execution that a poll names for the one run that waits."""
    [found] = await client.get_scheduled_flow_runs_for_work_pool("pool")
    return headers_of(found)[EXECUTION_HEADER]


@pytest.fixture
async def run_id(client: WindlassClient) -> UUID:
    """A run that waits in `pool`."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    made = await client.create_deployment(create)
    wanted = DeploymentFlowRunCreate(job_variables={"env": {"A": "1"}})
    return (await client.create_flow_run_from_deployment(made.id, wanted)).id


async def test_who_presents_an_older_candidate_is_stopped(
    client: WindlassClient, api: httpx.AsyncClient, run_id: UUID
) -> None:
    async def presents(execution_id: str) -> Any:
        body = {"state": {"type": "RUNNING", "name": "Running"}}
        headers = {EXECUTION_HEADER: execution_id}
        answered = await api.post(f"/flow_runs/{run_id}/set_state", json=body, headers=headers)
        return answered.json()

    first = await candidate(client)
    await client.set_flow_run_state(run_id, Pending().to_create())
    assert (await client.read_flow_run(run_id)).execution_id == first
    await client.set_flow_run_state(run_id, Scheduled().to_create(), force=True)
    second = await candidate(client)
    assert (first, second) == (f"{run_id}.1", f"{run_id}.2")
    assert (await presents(first))["status"] == "ABORT"
    await client.set_flow_run_state(run_id, Pending().to_create())
    stopped = await presents(first)
    assert stopped["status"] == "ABORT"
    assert f"Execution {second} owns flow run {run_id} now" in stopped["details"]["reason"]
    assert (await presents(second))["status"] == "ACCEPT"
    assert (await client.read_flow_run(run_id)).state_name == "Running"
    assert (await presents(first))["status"] == "ABORT"


async def test_a_process_speaks_for_other_runs_without_its_execution(
    client: WindlassClient, api: httpx.AsyncClient, run_id: UUID
) -> None:
    flow_id = await client.create_flow_from_name("child")
    child = await api.post("/flow_runs/", json={"flow_id": str(flow_id)})
    answered = await api.post(
        f"/flow_runs/{child.json()['id']}/set_state",
        json={"state": {"type": "RUNNING"}},
        headers={EXECUTION_HEADER: f"{run_id}.1"},
    )
    assert answered.json()["status"] == "ACCEPT"


async def test_our_own_clients_are_told_that_they_are_superseded(
    client: WindlassClient, api: httpx.AsyncClient, run_id: UUID
) -> None:
    await client.set_flow_run_state(run_id, Pending().to_create())
    asked = SetState(state=Running().to_create(), execution_id=f"{run_id}.7")
    answered = await api.post(
        f"/flow_runs/{run_id}/set_state", json=asked.model_dump(mode="json", exclude_unset=True)
    )
    assert (answered.status_code, answered.json()["code"]) == (409, "superseded")


async def test_runs_keep_the_job_variables_that_they_were_given(
    client: WindlassClient, run_id: UUID
) -> None:
    await candidate(client)
    assert (await client.read_flow_run(run_id)).job_variables == {"env": {"A": "1"}}


class TestWithoutFencing:
    """Workers that set the variable in their own environment keep what they set."""

    @pytest.fixture
    def backends(self, backends: dict[str, str]) -> dict[str, str]:
        return backends | {"WINDLASS_SERVER_FENCE_POLLING_WORKERS": "false"}

    async def test_polls_say_nothing_beside_the_run(
        self, client: WindlassClient, run_id: UUID
    ) -> None:
        [found] = await client.get_scheduled_flow_runs_for_work_pool("pool")
        assert found.flow_run.id == run_id
        assert environment_of(found) == {"A": "1"}
