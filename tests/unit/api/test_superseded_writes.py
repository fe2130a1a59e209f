"""What a process whose run another execution has may still say, and what it may not ask."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import EXECUTION_HEADER
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.state_constructors import Pending, Scheduled
from windlass.schemas.work_pools import WorkPoolCreate

LIMIT = "a-limit"


@dataclass(frozen=True, slots=True)
class Held:
    """A run that its second execution has, and what its first one could reach."""

    api: httpx.AsyncClient
    run_id: UUID
    other_run_id: UUID
    task_run_id: UUID
    artifact_id: UUID
    lease_id: UUID

    async def asks(
        self, generation: int, method: str, path: str, body: Any = None
    ) -> httpx.Response:
        """One request in the name of an execution of the run."""
        headers = {EXECUTION_HEADER: f"{self.run_id}.{generation}"}
        path = path.format(
            run=self.run_id,
            other=self.other_run_id,
            task_run=self.task_run_id,
            artifact=self.artifact_id,
            lease=self.lease_id,
        )
        return await self.api.request(method, path, json=body, headers=headers)


@pytest.fixture
async def held(client: WindlassClient, api: httpx.AsyncClient) -> Held:
    """Made by somebody who is no execution."""

    async def made(path: str, body: Any) -> Any:
        return (await api.post(path, json=body)).raise_for_status().json()

    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    wanted = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    deployment = await client.create_deployment(wanted)
    run, other = [
        await client.create_flow_run_from_deployment(deployment.id, DeploymentFlowRunCreate())
        for _ in range(2)
    ]
    await client.set_flow_run_state(run.id, Pending().to_create())
    await client.set_flow_run_state(run.id, Scheduled().to_create(), force=True)
    await client.set_flow_run_state(run.id, Pending().to_create())
    assert (await client.read_flow_run(run.id)).execution_id == f"{run.id}.2"
    task_run = {"flow_run_id": str(run.id), "task_key": "task", "dynamic_key": "0"}
    await made("/v2/concurrency_limits/", {"name": LIMIT, "limit": 50})
    lease = {"names": [LIMIT], "slots": 1, "lease_duration": 300}
    return Held(
        api,
        run.id,
        other.id,
        UUID((await made("/task_runs/", task_run))["id"]),
        UUID((await made("/artifacts/", {"key": "a-key"}))["id"]),
        UUID((await made("/v2/concurrency_limits/increment-with-lease", lease))["lease_id"]),
    )


SLOTS = {"names": [LIMIT], "slots": 1}
REFUSED: list[tuple[str, str, Any]] = [
    ("PATCH", "/flow_runs/{run}", {"name": "another"}),
    ("PATCH", "/flow_runs/{run}/labels", {"a": "label"}),
    ("POST", "/artifacts/", {"key": "another"}),
    ("PATCH", "/artifacts/{artifact}", {"description": "another"}),
    ("POST", "/v2/concurrency_limits/increment", SLOTS),
    ("POST", "/v2/concurrency_limits/increment-with-lease", {**SLOTS, "lease_duration": 60}),
    ("POST", "/v2/concurrency_limits/leases/{lease}/renew", {"lease_duration": 300}),
    ("POST", "/concurrency_limits/increment", {"names": ["tag"], "task_run_id": str(uuid7())}),
]
STOPPED: list[tuple[str, str, Any]] = [
    ("POST", "/task_runs/{task_run}/set_state", {"state": {"type": "COMPLETED"}}),
    ("POST", "/flow_runs/{other}/set_state", {"state": {"type": "PENDING"}}),
]


async def test_what_would_change_what_others_see_is_refused(held: Held) -> None:
    for request in REFUSED:
        answer = await held.asks(1, *request)
        assert (answer.status_code, answer.json().get("code")) == (409, "superseded"), request
    for request in STOPPED:
        answer = await held.asks(1, *request)
        assert (answer.status_code, answer.json()["status"]) == (200, "ABORT"), request
        assert f"Execution {held.run_id}.2 owns" in answer.json()["details"]["reason"]


async def test_who_has_the_run_or_may_be_next_is_answered(held: Held) -> None:
    the_owner, a_candidate = 2, 3
    for generation in (the_owner, a_candidate):
        for request in REFUSED:
            answer = await held.asks(generation, *request)
            assert answer.is_success, (generation, request, answer.text)
    for request in STOPPED:
        assert (await held.asks(the_owner, *request)).json()["status"] == "ACCEPT", request


async def test_an_execution_that_ended_is_answered_until_another_one_follows(held: Held) -> None:
    for state in ("RUNNING", "COMPLETED"):
        body = {"state": {"type": state}}
        answer = await held.asks(2, "POST", "/flow_runs/{run}/set_state", body)
        assert answer.json()["status"] == "ACCEPT"
    for request in REFUSED:
        assert (await held.asks(2, *request)).is_success, request


async def test_what_a_superseded_process_reports_is_taken(held: Held) -> None:
    now = utc_now().isoformat()
    state = {"id": str(uuid7()), "type": "COMPLETED", "name": "Completed", "timestamp": now}
    report = {
        **{"id": str(uuid7()), "task_key": "task", "dynamic_key": "1", "name": "task-1"},
        **{"flow_run_id": str(held.run_id), "states": [state | {"run_count": 1}]},
    }
    event = {"id": str(uuid7()), "occurred": now, "event": "an.event"}
    resource = {"resource": {"prefect.resource.id": "a.resource"}}
    log = {"name": "a-logger", "level": 20, "message": "late", "timestamp": now}
    for path, body in (
        ("/task_runs/report", {"reports": [report]}),
        ("/events", [event | resource]),
        ("/logs/", [log | {"flow_run_id": str(held.run_id)}]),
        ("/v2/concurrency_limits/decrement-with-lease", {"lease_id": str(held.lease_id)}),
    ):
        answer = await held.asks(1, "POST", path, body)
        assert answer.is_success, (path, answer.text)
