"""How late flow runs start, as the metrics of an API process say."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import ClaimRequest
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.states import StateCreate, StateDetails, StateType
from windlass.schemas.work_pools import WorkPoolCreate
from windlass_services.runtime.metrics import COUNTED

HOUR: Final = timedelta(hours=1)


def counted(name: str) -> float:
    value = COUNTED.get_sample_value(f"windlass_{name}")
    assert value is not None
    return value


@pytest.fixture
async def deployment_id(client: WindlassClient) -> UUID:
    """A deployment into `pool`."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    return (await client.create_deployment(create)).id


async def make_run(client: WindlassClient, deployment_id: UUID, due_in: timedelta) -> UUID:
    due = StateDetails(scheduled_time=utc_now() + due_in)
    state = StateCreate(type=StateType.SCHEDULED, state_details=due)
    wanted = DeploymentFlowRunCreate(state=state)
    return (await client.create_flow_run_from_deployment(deployment_id, wanted)).id


async def claim(client: WindlassClient) -> int:
    asked = ClaimRequest(
        worker_name="worker", request_id=uuid7(), limit=5, prefetch_seconds=2 * HOUR.total_seconds()
    )
    return len(await client.claim("pool", asked))


async def test_a_claim_is_late_since_the_run_was_due_and_slow_since_it_was_there(
    client: WindlassClient, deployment_id: UUID
) -> None:
    delay, latency = counted("schedule_delay_seconds_sum"), counted("claim_latency_seconds_sum")
    asked = counted("claim_database_seconds_count")
    await make_run(client, deployment_id, -HOUR)
    assert await claim(client) == 1
    assert counted("schedule_delay_seconds_sum") - delay >= HOUR.total_seconds()
    assert 0 < counted("claim_latency_seconds_sum") - latency < HOUR.total_seconds()
    assert await claim(client) == 0
    assert counted("claim_database_seconds_count") == asked + 1


async def test_a_run_that_is_claimed_before_its_time_is_not_late(
    client: WindlassClient, deployment_id: UUID
) -> None:
    delay, runs = counted("schedule_delay_seconds_sum"), counted("schedule_delay_seconds_count")
    await make_run(client, deployment_id, HOUR)
    assert await claim(client) == 1
    assert counted("schedule_delay_seconds_count") == runs + 1
    assert counted("schedule_delay_seconds_sum") == delay


async def test_a_run_that_a_polling_worker_takes_counts_as_well(
    client: WindlassClient, deployment_id: UUID
) -> None:
    delay, claims = counted("schedule_delay_seconds_sum"), counted("claim_latency_seconds_count")
    id = await make_run(client, deployment_id, -HOUR)
    await client.set_flow_run_state(id, StateCreate(type=StateType.PENDING))
    assert counted("schedule_delay_seconds_sum") - delay >= HOUR.total_seconds()
    assert counted("claim_latency_seconds_count") == claims
