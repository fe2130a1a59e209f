"""A run from birth to end, through the one writer of state."""

from uuid import uuid4

import pytest

from tests.unit.orchestration.plant import SCOPE, Plant
from windlass.exceptions import ObjectNotFound, RequestInvalid, Superseded
from windlass.ids import uuid7
from windlass.schemas.executions import Intent, LeaseRenewal, RenewRequest
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRunCreate
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Cancelling, Completed, Pending, Running, Scheduled
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.orchestration.creation import RunFromDeployment

ACCEPT, REJECT = SetStateStatus.ACCEPT, SetStateStatus.REJECT


def asking_as(state: State, request_id: object) -> State:
    details = StateDetails.model_validate({"transition_id": request_id})
    return state.model_copy(update={"state_details": details})


async def test_a_run_is_made_claimed_run_and_completed(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"), tags=["x"])
    assert plant.woken == [pool.id]
    [claimed] = await plant.claim(pool)
    assert (claimed.flow_run.id, claimed.flow_run.state_type) == (run.id, StateType.PENDING)
    running = await plant.propose(run.id, Running(), execution_id=claimed.execution_id, leased=True)
    assert running.status is ACCEPT
    done = await plant.propose(run.id, Completed(), execution_id=claimed.execution_id)
    assert done.state is not None
    assert done.state.type is StateType.COMPLETED
    ended = await plant.read(run.id)
    assert (ended.run_count, ended.tags, ended.work_pool_name) == (1, ["x"], "pool")
    assert ended.labels is not None
    assert ended.labels["team"] == "a"


async def test_a_run_that_is_proposed_as_scheduled_wakes_its_pool(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"))
    await plant.claim(pool)
    plant.woken.clear()
    await plant.propose(run.id, Scheduled())
    assert plant.woken == [pool.id]


async def test_a_queue_that_is_named_for_the_first_time_is_made(plant: Plant) -> None:
    await plant.pool()
    deployment = await plant.deployment(work_pool_name="pool")
    run = await plant.run_of(deployment, work_queue_name="urgent")
    again = await plant.run_of(deployment, work_queue_name="urgent")
    assert (await plant.read(run.id)).work_queue_name == "urgent"
    assert run.work_queue_id == again.work_queue_id


async def test_a_run_that_names_its_pool_waits_in_its_default_queue(plant: Plant) -> None:
    pool = await plant.pool()
    flow = await plant.flow()
    wanted = FlowRunCreate(flow_id=flow.id, work_pool_name="pool")
    made = await plant.orchestrator.create_flow_run(SCOPE, wanted)
    assert made.run.work_queue_id == pool.default_queue_id


async def test_a_run_of_nothing_is_not_made(plant: Plant) -> None:
    flow = await plant.flow()
    with pytest.raises(ObjectNotFound):
        await plant.orchestrator.create_flow_run(SCOPE, FlowRunCreate(flow_id=uuid7()))
    nowhere = FlowRunCreate(flow_id=flow.id, work_pool_name="nowhere")
    with pytest.raises(ObjectNotFound):
        await plant.orchestrator.create_flow_run(SCOPE, nowhere)
    asked = RunFromDeployment(DeploymentFlowRunCreate())
    with pytest.raises(ObjectNotFound):
        await plant.orchestrator.create_from_deployment(SCOPE, uuid7(), [asked])


async def test_a_known_idempotency_key_makes_no_second_run(plant: Plant) -> None:
    deployment = await plant.deployment()
    first = await plant.run_of(deployment, idempotency_key="k")
    assert (await plant.run_of(deployment, idempotency_key="k")).id == first.id


async def test_a_question_with_a_request_id_is_answered_again_as_it_was(plant: Plant) -> None:
    run = await plant.run_of(await plant.deployment())
    request_id = uuid7()
    question = asking_as(Running(), request_id)
    first = await plant.propose(run.id, question, request_id=request_id)
    again = await plant.propose(run.id, question, request_id=request_id)
    assert (first.status, again.status) == (ACCEPT, ACCEPT)
    assert again.state == first.state
    assert (await plant.read(run.id)).run_count == 1


async def test_a_transition_that_is_repeated_without_one_is_rejected(plant: Plant) -> None:
    run = await plant.run_of(await plant.deployment())
    question = asking_as(Running(), uuid7())
    await plant.propose(run.id, question)
    assert (await plant.propose(run.id, question)).status is REJECT


async def test_only_the_owner_of_a_run_moves_it(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"))
    [lost] = await plant.claim(pool)
    await plant.propose(run.id, Scheduled())
    [owner] = await plant.claim(pool)
    with pytest.raises(Superseded):
        await plant.propose(run.id, Running(), execution_id=lost.execution_id)
    accepted = await plant.propose(run.id, Running(), execution_id=owner.execution_id)
    assert accepted.status is ACCEPT


async def test_a_process_speaks_for_the_children_that_it_calls(plant: Plant) -> None:
    pool = await plant.pool()
    deployment = await plant.deployment(work_pool_name="pool")
    await plant.run_of(deployment)
    [parent] = await plant.claim(pool)
    wanted = FlowRunCreate(flow_id=deployment.flow_id)
    child = (await plant.orchestrator.create_flow_run(SCOPE, wanted)).run
    started = await plant.propose(child.id, Running(), execution_id=parent.execution_id)
    ended = await plant.propose(child.id, Completed(), execution_id=parent.execution_id)
    assert (started.status, ended.status) == (ACCEPT, ACCEPT)


async def test_what_is_no_execution_id_is_refused(plant: Plant) -> None:
    run = await plant.run_of(await plant.deployment())
    with pytest.raises(RequestInvalid):
        await plant.propose(run.id, Running(), execution_id="mine")


async def test_a_claim_that_did_not_arrive_is_undone(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"))
    [lost] = await plant.claim(pool)
    await plant.orchestrator.hand_back(SCOPE, lost)
    waiting = await plant.read(run.id)
    assert waiting.next_scheduled_start_time == run.next_scheduled_start_time
    [again] = await plant.claim(pool)
    assert again.execution_id != lost.execution_id


async def test_a_claim_that_did_arrive_after_all_stands(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"))
    [claimed] = await plant.claim(pool)
    await plant.propose(run.id, Running(), execution_id=claimed.execution_id)
    await plant.orchestrator.hand_back(SCOPE, claimed)
    assert (await plant.read(run.id)).state_type is StateType.RUNNING


async def test_a_run_that_finds_its_deployment_full_says_why_it_waits(plant: Plant) -> None:
    pool = await plant.pool()
    deployment = await plant.deployment(work_pool_name="pool", concurrency_limit=1)
    first, second = await plant.run_of(deployment), await plant.run_of(deployment)
    [claimed] = await plant.claim(pool)
    assert claimed.flow_run.id == first.id
    waiting = await plant.read(second.id)
    assert (waiting.state_name, waiting.blocking_reason) == (
        "AwaitingConcurrencySlot",
        "deployment limit",
    )


async def test_a_renewal_tells_what_is_wanted(plant: Plant) -> None:
    pool = await plant.pool()
    run = await plant.run_of(await plant.deployment(work_pool_name="pool"))
    [claimed] = await plant.claim(pool)
    owner = claimed.execution_id
    await plant.propose(run.id, Running(), execution_id=owner, leased=True)
    stranger = f"{uuid4()}.1"
    request = RenewRequest(
        renewals=[LeaseRenewal(execution_id=owner), LeaseRenewal(execution_id=stranger)]
    )
    alive, unknown = (await plant.orchestrator.renew(SCOPE, request)).leases
    assert (alive.execution_id, alive.intent) == (owner, Intent.NONE)
    assert unknown.intent is Intent.STOP
    await plant.propose(run.id, Cancelling())
    [cancelled, _] = (await plant.orchestrator.renew(SCOPE, request)).leases
    assert cancelled.intent is Intent.CANCEL


async def test_waiting_is_answered_with_a_delay(plant: Plant) -> None:
    deployment = await plant.deployment(concurrency_limit=1)
    first, second = await plant.run_of(deployment), await plant.run_of(deployment)
    await plant.propose(first.id, Pending())
    result = await plant.propose(second.id, Running())
    assert result.status is SetStateStatus.WAIT
    assert result.details.type == "wait_details"
    assert result.details.delay_seconds == 30
    assert result.state is not None
    assert result.state.type is StateType.SCHEDULED
