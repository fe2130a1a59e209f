"""The scheduler closes what nobody took and what a catch-up policy leaves out."""

from datetime import timedelta
from uuid import UUID

import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.deployments import DeploymentCreate, DeploymentUpdate
from windlass.schemas.executions import ClaimRequest
from windlass.schemas.states import StateType
from windlass.schemas.work_pools import WorkPoolCreate
from windlass_services.orchestration.context import ServiceContext
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.scheduler.loops.catch_up import skip_runs
from windlass_services.storage.scope import Scope


@pytest.fixture
async def deployment_id(client: WindlassClient) -> UUID:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(
        name="deployment", flow_id=flow_id, work_pool_name="pool", catch_up="latest"
    )
    return (await client.create_deployment(create)).id


async def missed(services: ServiceContext, deployment_id: UUID, minutes: int) -> list[UUID]:
    """The runs of a schedule for the last minutes, the oldest first."""
    now, schedule_id = utc_now(), uuid7()
    asked = [
        RunFromDeployment.scheduled(
            at=now - timedelta(minutes=ago),
            schedule_id=schedule_id,
            parameters={},
            idempotency_key=str(ago),
        )
        for ago in reversed(range(minutes))
    ]
    made = await services.orchestrator.create_from_deployment(Scope(), deployment_id, asked)
    return [one.run.id for one in made]


async def test_of_a_minutely_deployment_one_run_goes_after_an_hour_and_59_are_skipped(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    runs = await missed(services, deployment_id, 60)
    asked = ClaimRequest(worker_name="worker", request_id=uuid7(), limit=100)
    [claimed] = await client.claim("pool", asked)
    assert claimed.flow_run.id == runs[-1]
    assert await skip_runs(services) == 59
    assert await skip_runs(services) == 0
    for id in (runs[0], runs[-2]):
        state = (await client.read_flow_run(id)).state
        assert state is not None
        assert (state.type, state.name) == (StateType.CANCELLED, "Skipped")
        assert state.message == (
            "The catch-up policy of the deployment is latest, and a newer run is due."
        )
        history = [one.name for one in await client.read_flow_run_states(id)]
        assert history == ["Scheduled", "Skipped"]
    assert (await client.read_flow_run(runs[-1])).state_type is StateType.PENDING


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("none", "nobody took the run within 15 seconds"),
        (2, "2 newer runs are due"),
    ],
)
async def test_the_state_says_why(
    services: ServiceContext,
    client: WindlassClient,
    deployment_id: UUID,
    policy: CatchUp,
    reason: str,
) -> None:
    await client.update_deployment(deployment_id, DeploymentUpdate(catch_up=policy))
    first, *_ = await missed(services, deployment_id, 3)
    assert await skip_runs(services) > 0
    state = (await client.read_flow_run(first)).state
    assert state is not None
    assert state.message == f"The catch-up policy of the deployment is {policy}, and {reason}."


async def test_a_policy_is_kept_until_it_is_changed(
    client: WindlassClient, deployment_id: UUID
) -> None:
    await client.update_deployment(deployment_id, DeploymentUpdate(description="words"))
    assert (await client.read_deployment(deployment_id)).catch_up == "latest"
    await client.update_deployment(deployment_id, DeploymentUpdate(catch_up=None))
    assert (await client.read_deployment(deployment_id)).catch_up is None
