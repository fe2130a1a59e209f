"""The hot operations under the rules that a server decides by."""

import asyncio
from uuid import uuid4

import pytest

from tests.conformance.storage.world import SCOPE, World
from windlass.exceptions import Superseded
from windlass.schemas.executions import Intent
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateDetails, StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Govern, Renewal

TERMS = Terms()


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(TERMS)


async def test_a_run_goes_from_its_queue_to_its_end(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    [claimed] = await world.claim(queue)
    id = claimed.execution_id
    world.clock.step(1)
    running = await world.propose(run.id, StateType.RUNNING, execution_id=id, leased=True)
    world.clock.step(2)
    completed = await world.propose(run.id, StateType.COMPLETED, execution_id=id)
    statuses = [outcome.decision.status for outcome in (running, completed)]
    [row] = await world.rows(tables.flow_run)
    [execution] = await world.rows(tables.execution)
    states = await world.rows(tables.flow_run_state)
    assert statuses == [SetStateStatus.ACCEPT] * 2
    assert (row["state_type"], row["run_count"], row["total_run_time"]) == ("COMPLETED", 1, 2.0)
    assert (execution["leased"], execution["ended_at"]) == (True, world.clock.now)
    assert [state["type"] for state in sorted(states, key=lambda state: state["timestamp"])] == [
        *("SCHEDULED", "PENDING", "RUNNING", "COMPLETED")
    ]


async def test_a_repeated_question_is_answered_and_not_asked_again(world: World) -> None:
    run = await world.create()
    details = StateDetails(transition_id=uuid4())
    outcomes = [
        await world.database.hot.transition(
            SCOPE,
            FlowRunTransition(run.id, world.state(StateType.RUNNING, state_details=details)),
        )
        for _ in range(2)
    ]
    [row] = await world.rows(tables.flow_run)
    assert row["run_count"] == 1
    assert len({outcome.state.id for outcome in outcomes if outcome.state}) == 1


async def test_twenty_at_once_get_the_one_slot_of_a_deployment(world: World) -> None:
    queue = await world.queue()
    deployment = await world.deployment(limit=1)
    runs = [
        await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment)
        for _ in range(20)
    ]
    outcomes = await asyncio.gather(*(world.propose(run.id, StateType.PENDING) for run in runs))
    statuses = [outcome.decision.status for outcome in outcomes]
    assert statuses.count(SetStateStatus.ACCEPT) == 1
    waiting = await world.rows(tables.dispatchable)
    assert {row["due_at"] for row in waiting} == {world.clock.now + TERMS.deployment_slot_wait}
    assert len(waiting) == 19


async def test_a_run_that_crashed_and_runs_again_supersedes_its_process(world: World) -> None:
    queue = await world.queue()
    deployment = await world.deployment()
    run = await world.create(StateType.SCHEDULED, queue=queue, deployment_id=deployment)
    [first] = await world.claim(queue)
    await world.propose(run.id, StateType.RUNNING, execution_id=first.execution_id)
    await world.propose(run.id, StateType.CRASHED)
    again = world.state(StateType.SCHEDULED)
    await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, again))
    [second] = await world.claim(queue)
    assert second.execution_id != first.execution_id
    with pytest.raises(Superseded):
        await world.propose(run.id, StateType.COMPLETED, execution_id=first.execution_id)


async def test_a_suspended_run_tells_its_process_so(world: World) -> None:
    deployment = await world.deployment()
    run = await world.create(deployment_id=deployment)
    outcome = await world.propose(run.id, StateType.RUNNING, leased=True)
    assert outcome.execution_id is not None
    details = StateDetails(pause_reschedule=True)
    suspended = world.state(StateType.PAUSED, name="Suspended", state_details=details)
    answer = await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, suspended))
    assert answer.decision.status is SetStateStatus.ACCEPT
    renewals = [Renewal(outcome.execution_id)]
    [renewed] = await world.database.hot.renew(SCOPE, renewals, world.clock(), TERMS.lease)
    assert renewed.intent is Intent.SUSPEND
