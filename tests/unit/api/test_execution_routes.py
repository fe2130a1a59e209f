"""Claims, leases and reports over HTTP, on both sets of backends."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import anyio
import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import (
    ClaimedRun,
    ClaimRequest,
    ExecutionEnded,
    ExecutionStarted,
    Handle,
    Intent,
)
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.orchestration import SetState
from windlass.schemas.states import StateCreate, StateDetails, StateType
from windlass.schemas.work_pools import WorkPoolCreate, WorkPoolStatus
from windlass.schemas.work_queues import WorkQueueStatus

HANDLE = Handle(kind="process", version=1, data={"infrastructure_pid": "host:7"})


@pytest.fixture
async def deployment_id(client: WindlassClient) -> UUID:
    """A deployment into `pool`."""
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    return (await client.create_deployment(create)).id


def request(**fields: object) -> ClaimRequest:
    """A claim for one run."""
    return ClaimRequest.model_validate(
        {"worker_name": "worker", "request_id": uuid7(), "limit": 1, **fields}
    )


async def claimed(client: WindlassClient, deployment_id: UUID) -> ClaimedRun:
    """A run that a worker took."""
    await client.create_flow_run_from_deployment(deployment_id)
    [run] = await client.claim("pool", request())
    return run


async def test_a_claim_takes_a_run_once(client: WindlassClient, deployment_id: UUID) -> None:
    made = await client.create_flow_run_from_deployment(deployment_id)
    asked = request()
    [taken] = await client.claim("pool", asked)
    assert taken.flow_run.id == made.id
    assert taken.execution_id == f"{made.id}.1"
    assert taken.deployment is not None
    assert taken.deployment.id == deployment_id
    assert (await client.read_flow_run(made.id)).state_type is StateType.PENDING
    assert await client.claim("pool", request()) == []
    [again] = await client.claim("pool", asked)
    assert again.execution_id == taken.execution_id


async def test_a_waiting_claim_is_answered_when_a_run_comes(
    client: WindlassClient, deployment_id: UUID
) -> None:
    found: list[UUID] = []

    async def wait_for_a_run() -> None:
        taken = await client.claim("pool", request(wait_seconds=20))
        found.extend(run.flow_run.id for run in taken)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_for_a_run)
        await anyio.lowlevel.checkpoint()
        await client.create_flow_run_from_deployment(deployment_id)
    assert found == [run.id for run in await client.read_flow_runs()]


async def test_a_claim_may_prefetch(client: WindlassClient, deployment_id: UUID) -> None:
    due = datetime.now(UTC) + timedelta(seconds=50)
    details = StateDetails(scheduled_time=due)
    state = StateCreate(type=StateType.SCHEDULED, state_details=details)
    await client.create_flow_run_from_deployment(
        deployment_id, DeploymentFlowRunCreate(state=state)
    )
    assert await client.claim("pool", request()) == []
    assert len(await client.claim("pool", request(prefetch_seconds=60))) == 1


async def test_a_claim_is_a_poll_and_makes_the_queue_that_it_names(
    client: WindlassClient, deployment_id: UUID
) -> None:
    await client.create_flow_run_from_deployment(deployment_id)
    assert await client.claim("pool", request(work_queue_names=["new"])) == []
    new = await client.read_work_queue_by_name("pool", "new")
    default = await client.read_work_queue_by_name("pool", "default")
    assert (new.status, default.status) == (WorkQueueStatus.READY, WorkQueueStatus.NOT_READY)
    assert len(await client.claim("pool", request())) == 1
    default = await client.read_work_queue_by_name("pool", "default")
    assert default.status is WorkQueueStatus.READY
    assert (await client.read_work_pool("pool")).status is WorkPoolStatus.NOT_READY


async def test_who_waits_for_a_pool_that_is_deleted_is_told_and_finds_the_next_of_its_name(
    client: WindlassClient, deployment_id: UUID
) -> None:
    await client.create_flow_run_from_deployment(deployment_id)
    assert len(await client.claim("pool", request())) == 1
    told: list[ObjectNotFound] = []

    async def wait_in_vain() -> None:
        with pytest.raises(ObjectNotFound, match="windlass work-pool create pool") as raised:
            await client.claim("pool", request(wait_seconds=20))
        told.append(raised.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_in_vain)
        tasks.start_soon(wait_in_vain)
        await anyio.wait_all_tasks_blocked()
        await client.delete_work_pool("pool")
    assert len(told) == 2
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    assert await client.claim("pool", request()) == []


async def test_a_claim_on_no_pool_says_what_to_do(client: WindlassClient) -> None:
    with pytest.raises(ObjectNotFound, match="windlass work-pool create nowhere"):
        await client.claim("nowhere", request())


async def test_a_started_execution_shows_where_it_is(
    client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await client.report_started(ExecutionStarted(execution_id=run.execution_id, handle=HANDLE))
    assert (await client.read_flow_run(run.flow_run.id)).infrastructure_pid == "host:7"
    with pytest.raises(ObjectNotFound, match="no execution"):
        await client.report_started(ExecutionStarted(execution_id="x.1", handle=HANDLE))


async def test_a_lease_is_renewed_while_its_execution_lives(
    client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    superseded = f"{run.flow_run.id}.7"
    first, second = await client.renew([run.execution_id, superseded])
    assert (first.intent, second.intent) == (Intent.NONE, Intent.STOP)
    assert first.lease_seconds == 30


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Out of memory", "Out of memory"),
        (None, "The infrastructure of the run ended with exit code 137 before the run did."),
    ],
)
async def test_a_run_whose_infrastructure_is_gone_has_crashed(
    client: WindlassClient, deployment_id: UUID, reason: str | None, message: str
) -> None:
    run = await claimed(client, deployment_id)
    ended = ExecutionEnded(
        execution_id=run.execution_id, exit_code=137, reason=reason, crashed=True
    )
    for _ in range(2):
        await client.report_ended(ended)
    after = await client.read_flow_run(run.flow_run.id)
    assert after.state is not None
    assert (after.state.type, after.state.message) == (StateType.CRASHED, message)
    states = await client.read_flow_run_states(run.flow_run.id)
    assert [state.type for state in states].count(StateType.CRASHED) == 1


@pytest.mark.parametrize(("began", "then"), [(False, "SCHEDULED"), (True, "CRASHED")])
async def test_what_vanished_is_dispatched_again_unless_its_code_had_begun(
    client: WindlassClient, deployment_id: UUID, began: bool, then: str
) -> None:
    run = await claimed(client, deployment_id)
    if began:
        running = SetState(
            state=StateCreate(type=StateType.RUNNING), execution_id=run.execution_id, leased=True
        )
        await client.propose_flow_run_state(run.flow_run.id, running)
    gone = ExecutionEnded(
        execution_id=run.execution_id, reason="It is gone.", crashed=True, vanished=True
    )
    await client.report_ended(gone)
    after = await client.read_flow_run(run.flow_run.id)
    assert after.state_type == then


async def test_a_run_that_was_being_cancelled_is_cancelled_when_its_infrastructure_is_gone(
    client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    running = SetState(
        state=StateCreate(type=StateType.RUNNING), execution_id=run.execution_id, leased=True
    )
    await client.propose_flow_run_state(run.flow_run.id, running)
    await client.set_flow_run_state(run.flow_run.id, StateCreate(type=StateType.CANCELLING))
    await client.report_ended(
        ExecutionEnded(execution_id=run.execution_id, exit_code=143, crashed=True)
    )
    assert (await client.read_flow_run(run.flow_run.id)).state_type is StateType.CANCELLED


async def test_a_run_is_not_handed_to_a_worker_that_hung_up(
    client: WindlassClient, deployment_id: UUID
) -> None:
    with anyio.move_on_after(0.5) as gone:
        await client.claim("pool", request(wait_seconds=30))
    assert gone.cancelled_caught
    made = await client.create_flow_run_from_deployment(deployment_id)
    [taken] = await client.claim("pool", request(wait_seconds=20))
    assert taken.flow_run.id == made.id


async def test_an_orderly_end_of_the_infrastructure_changes_no_state(
    client: WindlassClient, deployment_id: UUID
) -> None:
    run = await claimed(client, deployment_id)
    await client.report_ended(
        ExecutionEnded(execution_id=run.execution_id, exit_code=0, crashed=False)
    )
    assert (await client.read_flow_run(run.flow_run.id)).state_type is StateType.PENDING


async def test_the_end_of_a_superseded_execution_is_no_news_for_the_run(
    client: WindlassClient, deployment_id: UUID
) -> None:
    first = await claimed(client, deployment_id)
    again = SetState(state=StateCreate(type=StateType.SCHEDULED), execution_id=first.execution_id)
    await client.propose_flow_run_state(first.flow_run.id, again)
    [second] = await client.claim("pool", request())
    await client.report_ended(ExecutionEnded(execution_id=first.execution_id, crashed=True))
    run = await client.read_flow_run(first.flow_run.id)
    assert (run.state_type, run.execution_id) == (StateType.PENDING, second.execution_id)


async def test_what_cannot_be_a_claim_is_refused(
    api: httpx.AsyncClient, deployment_id: UUID
) -> None:
    del deployment_id
    body = request(limit=1).model_dump(mode="json") | {"limit": 0}
    assert (await api.post("/work_pools/pool/claim", json=body)).status_code == 422


async def test_a_claim_without_runs_may_ask_when_there_will_be_one(
    client: WindlassClient, deployment_id: UUID
) -> None:
    assert (await client.ask_for_runs("pool", request(tell_next_due=True))).next_due_seconds is None
    due = datetime.now(UTC) + timedelta(seconds=50)
    details = StateDetails(scheduled_time=due)
    state = StateCreate(type=StateType.SCHEDULED, state_details=details)
    await client.create_flow_run_from_deployment(
        deployment_id, DeploymentFlowRunCreate(state=state)
    )
    told = await client.ask_for_runs("pool", request(tell_next_due=True, prefetch_seconds=20))
    assert told.next_due_seconds is not None
    assert 0 < told.next_due_seconds <= 30
    assert (await client.ask_for_runs("pool", request())).next_due_seconds is None
