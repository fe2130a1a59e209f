"""Teardowns from the end of an execution to the last of it, on both sets of backends."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import ClaimRequest, ExecutionStarted, Handle
from windlass.schemas.state_constructors import Crashed
from windlass.schemas.teardowns import (
    TEARDOWNS_HEADER,
    TEARDOWNS_TOPIC,
    Teardown,
    TeardownOutcome,
    TeardownsToTake,
    TornDown,
)
from windlass.schemas.work_pools import WorkPoolCreate
from windlass.schemas.workers import WorkerHeartbeat
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.metrics import MEASURED
from windlass_services.scheduler.loops.measurements import measure
from windlass_services.scheduler.loops.teardowns import set_aside_teardowns
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope

HANDLE = Handle(kind="process", version=1, data={"pid": 7}, place="host-1")


@pytest.fixture
async def execution_id(services: ServiceContext, client: WindlassClient) -> str:
    """A claimed and started execution that somebody else ended."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    await client.create_flow_run_from_deployment((await client.create_deployment(create)).id)
    asked = ClaimRequest(worker_name="worker-1", request_id=uuid7(), limit=1)
    [run] = await client.claim("pool", asked)
    await client.report_started(ExecutionStarted(execution_id=run.execution_id, handle=HANDLE))
    crashed = Crashed(id=uuid7(), now=utc_now(), message="Lost.")
    await services.orchestrator.propose(Scope(), FlowRunTransition(run.flow_run.id, crashed))
    return run.execution_id


async def take(client: WindlassClient, place: str | None = "host-1") -> list[Teardown]:
    asked = TeardownsToTake(worker_name="worker-2", place=place, limit=5)
    return await client.take_teardowns("pool", asked)


async def beat(client: WindlassClient, place: str | None = "host-1") -> int:
    return await client.send_worker_heartbeat("pool", WorkerHeartbeat(name="w", place=place))


def torn_down(execution_id: str, outcome: TeardownOutcome) -> TornDown:
    return TornDown(
        execution_id=execution_id, worker_name="worker-2", outcome=outcome, reason="Not now."
    )


def measured(name: str) -> float | None:
    return MEASURED.get_sample_value(f"windlass_teardowns_{name}")


async def test_a_worker_hears_of_a_teardown_takes_it_and_answers_for_it(
    client: WindlassClient, execution_id: str
) -> None:
    assert await beat(client) == 1
    [teardown] = await take(client)
    assert teardown.execution_id == execution_id
    assert teardown.flow_run_id == UUID(execution_id.partition(".")[0])
    assert teardown.handle == HANDLE
    assert await take(client) == []
    await client.report_torn_down(torn_down(execution_id, TeardownOutcome.UNREACHABLE))
    assert len(await take(client)) == 1
    for _ in range(2):
        await client.report_torn_down(torn_down(execution_id, TeardownOutcome.GONE))
    assert await take(client) == []


async def test_who_is_elsewhere_is_not_told_of_it(
    client: WindlassClient, execution_id: str
) -> None:
    del execution_id
    assert await beat(client, "host-2") == 0
    assert await beat(client, None) == 0
    assert await take(client, "host-2") == []
    assert await take(client, None) == []


async def test_a_worker_without_teardowns_hears_nothing(
    api: httpx.AsyncClient, client: WindlassClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    answer = await api.post("/work_pools/pool/workers/heartbeat", json={"name": "stock"})
    assert answer.status_code == 204
    assert TEARDOWNS_HEADER not in answer.headers
    asked = TeardownsToTake(worker_name="worker-1", limit=1)
    with pytest.raises(ObjectNotFound, match="'nowhere'"):
        await client.take_teardowns("nowhere", asked)


async def test_what_was_given_up_is_a_dead_letter_that_can_be_redriven(
    services: ServiceContext, client: WindlassClient, execution_id: str
) -> None:
    await measure(services)
    assert (measured("waiting"), measured("given_up")) == (1, 0)
    later = replace(services, clock=lambda: utc_now() + timedelta(hours=7))
    assert await set_aside_teardowns(services) == 0
    assert await set_aside_teardowns(later) == 1
    await measure(services)
    assert (measured("waiting"), measured("given_up")) == (0, 1)
    assert await take(client) == []
    [letter] = await client.read_dead_letters()
    assert [letter] == await client.read_dead_letters(TEARDOWNS_TOPIC, 1)
    assert (letter.id, letter.topic) == (execution_id, TEARDOWNS_TOPIC)
    assert letter.key == execution_id.partition(".")[0]
    assert letter.reason == "No worker of the pool that can reach it asked for it."
    assert letter.body == {
        "work_pool_name": "pool",
        "attempts": 0,
        "handle": HANDLE.model_dump(mode="json"),
    }
    assert await client.redrive_dead_letters(["else"]) == 0
    assert await client.redrive_dead_letters([execution_id], "events") == 0
    assert await client.redrive_dead_letters([execution_id]) == 1
    assert await client.read_dead_letters() == []
    assert len(await take(client)) == 1
