"""What the scheduler does with runs whose time is over."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.deployments import (
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
    DeploymentCreate,
    DeploymentUpdate,
)
from windlass.schemas.executions import ClaimedRun, ClaimRequest
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.state_constructors import Cancelling, Running
from windlass.schemas.states import State, StateCreate, StateDetails, StateType
from windlass.schemas.work_pools import WorkPoolCreate, WorkPoolStatus
from windlass.schemas.workers import WorkerHeartbeat
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.expired_executions import end_expired_executions
from windlass_services.scheduler.loops.late_runs import mark_late_runs
from windlass_services.scheduler.loops.overdue_cancellations import end_overdue_cancellations
from windlass_services.scheduler.loops.statuses import take_back_statuses
from windlass_services.storage.api_beats import beat_of_api
from windlass_services.storage.events import read_events
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import USUAL_SILENCE


@pytest.fixture
async def deployment_id(client: WindlassClient) -> UUID:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    return (await client.create_deployment(create)).id


def later(services: ServiceContext, seconds: float) -> ServiceContext:
    """The same, where it is later."""
    return replace(services, clock=lambda: utc_now() + timedelta(seconds=seconds))


async def claimed(client: WindlassClient, deployment_id: UUID) -> ClaimedRun:
    await client.create_flow_run_from_deployment(deployment_id)
    asked = ClaimRequest(worker_name="worker-1", request_id=uuid7(), limit=1)
    [run] = await client.claim("pool", asked)
    return run


async def start(services: ServiceContext, run: ClaimedRun, *, leased: bool = True) -> None:
    """User code presents its execution."""
    proposal = FlowRunTransition(
        run.flow_run.id, Running(), execution_id=run.execution_id, leased=leased
    )
    assert (await services.orchestrator.propose(Scope(), proposal)).status == "ACCEPT"


async def state_of(client: WindlassClient, run: ClaimedRun) -> State:
    state = (await client.read_flow_run(run.flow_run.id)).state
    assert state is not None
    return state


async def test_a_late_run_is_marked_once(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    due = StateDetails(scheduled_time=utc_now() - timedelta(seconds=30))
    state = StateCreate(type=StateType.SCHEDULED, state_details=due)
    wanted = DeploymentFlowRunCreate(state=state)
    run = await client.create_flow_run_from_deployment(deployment_id, wanted)
    assert await mark_late_runs(services, after=timedelta(seconds=60)) == 0
    assert await mark_late_runs(services, after=timedelta(seconds=15)) == 1
    assert await mark_late_runs(services, after=timedelta(seconds=15)) == 0
    after = await client.read_flow_run(run.id)
    assert after.state_name == "Late"
    assert after.next_scheduled_start_time == due.scheduled_time


async def test_an_execution_that_never_started_is_dispatched_again(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    assert await end_expired_executions(services) == 0
    assert await end_expired_executions(later(services, 61)) == 1
    state = await state_of(client, run)
    assert state.type is StateType.SCHEDULED
    assert "did not start in time on worker 'worker-1'" in (state.message or "")
    assert state.state_details.scheduled_time == state.timestamp  # and not when this machine says
    asked = ClaimRequest(worker_name="worker-2", request_id=uuid7(), limit=1, prefetch_seconds=120)
    [again] = await client.claim("pool", asked)
    assert again.execution_id == f"{run.flow_run.id}.2"


async def test_who_did_not_start_in_time_lets_others_have_the_slot(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    options = ConcurrencyOptions(
        collision_strategy=ConcurrencyLimitStrategy.ENQUEUE, grace_period_seconds=90
    )
    limited = DeploymentUpdate(concurrency_limit=1, concurrency_options=options)
    await client.update_deployment(deployment_id, limited)
    run = await claimed(client, deployment_id)
    await client.create_flow_run_from_deployment(deployment_id)
    asked = ClaimRequest(worker_name="worker-2", request_id=uuid7(), limit=1)
    assert await client.claim("pool", asked) == [], "the second run waits for the slot"
    assert await end_expired_executions(later(services, 89)) == 0
    assert await end_expired_executions(later(services, 91)) == 1
    state = await state_of(client, run)
    assert state.name == "AwaitingConcurrencySlot"
    assert "did not start in time" in (state.message or "")
    again = state.state_details.scheduled_time
    assert again is not None
    assert again - state.timestamp == timedelta(seconds=60), "the second run has asked by then"


async def test_a_run_whose_lease_is_over_has_crashed(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await start(services, run)
    assert await end_expired_executions(services) == 0
    assert await end_expired_executions(later(services, 31)) == 1
    state = await state_of(client, run)
    assert state.type is StateType.CRASHED
    assert f"The lease of execution {run.execution_id} expired" in (state.message or "")
    assert await end_expired_executions(later(services, 62)) == 0


async def test_a_lease_that_nobody_could_renew_does_not_end(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await start(services, run)
    lease, replica = timedelta(seconds=30), uuid7()
    for seconds in (0, 600):
        async with services.database.write() as connection:
            now = later(services, seconds).clock()
            await beat_of_api(connection, replica, now=now, lease=lease)
        assert await end_expired_executions(later(services, seconds + 5)) == 0
    state = await state_of(client, run)
    assert state.type is StateType.RUNNING


async def test_a_run_that_renews_no_lease_is_left_alone(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await start(services, run, leased=False)
    assert await end_expired_executions(later(services, 3600)) == 0
    assert (await state_of(client, run)).type is StateType.RUNNING


async def test_a_lost_run_that_was_being_cancelled_is_cancelled(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await start(services, run)
    cancelling = FlowRunTransition(run.flow_run.id, Cancelling())
    await services.orchestrator.propose(Scope(), cancelling)
    assert await end_expired_executions(later(services, 31)) == 1
    assert (await state_of(client, run)).type is StateType.CANCELLED


@pytest.mark.parametrize("leased", [True, False])
async def test_a_run_that_does_not_end_when_it_is_cancelled_is_cancelled_by_its_deadline(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID, leased: bool
) -> None:
    run = await claimed(client, deployment_id)
    await start(services, run, leased=leased)
    await services.orchestrator.propose(
        Scope(), FlowRunTransition(run.flow_run.id, Cancelling(id=uuid7(), now=utc_now()))
    )
    assert await end_overdue_cancellations(later(services, 299)) == 0
    assert await end_overdue_cancellations(later(services, 301)) == 1
    assert await end_overdue_cancellations(later(services, 301)) == 0
    state = await state_of(client, run)
    assert state.type is StateType.CANCELLED
    assert "within 300 seconds" in (state.message or "")


async def test_statuses_that_nobody_confirms_are_taken_back_with_an_event(
    services: ServiceContext, client: WindlassClient, deployment_id: UUID
) -> None:
    del deployment_id
    await client.send_worker_heartbeat("pool", WorkerHeartbeat(name="worker-1"))
    assert (await client.read_work_pool("pool")).status is WorkPoolStatus.READY
    assert await take_back_statuses(services, USUAL_SILENCE) == 0
    silent = later(services, 3600)
    assert await take_back_statuses(silent, USUAL_SILENCE) == 1
    assert await take_back_statuses(silent, USUAL_SILENCE) == 0
    assert (await client.read_work_pool("pool")).status is WorkPoolStatus.NOT_READY
    async with services.database.read() as connection:
        now = silent.clock()
        found = await read_events(connection, Scope(), EventFilter(), Window(200, 0), now=now)
    assert "prefect.work-pool.not-ready" in {event.event for event in found}
