"""Moving flow runs between states."""

import asyncio
from uuid import uuid4

import pytest

from tests.conformance.storage.govern import EXPLODES, WAITS
from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.exceptions import ObjectNotFound, Superseded
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope


async def test_an_accepted_state_is_on_the_run_when_the_call_returns(world: World) -> None:
    run = await world.create()
    outcome = await world.propose(run.id, StateType.RUNNING)
    [row] = await world.rows(tables.flow_run)
    assert outcome.decision.status is SetStateStatus.ACCEPT
    assert outcome.state is not None
    assert (row["state_id"], row["state_type"]) == (outcome.state.id, "RUNNING")
    assert (row["run_count"], row["start_time"]) == (1, NOON)
    assert row["empirical_policy"]["retries"] == 3


async def test_every_state_is_history_and_announced_with_the_one_before(world: World) -> None:
    run = await world.create()
    await world.propose(run.id, StateType.RUNNING)
    states = await world.rows(tables.flow_run_state)
    announced = [row["body"] for row in await world.rows(tables.outbox)]
    assert {state["type"] for state in states} == {"PENDING", "RUNNING"}
    [running] = [body for body in announced if body["type"] == "RUNNING"]
    assert (running["initial_type"], running["initial_name"]) == ("PENDING", "Pending")
    assert running["initial_id"] == str(run.state_id)


async def test_a_refusal_writes_nothing_and_answers_with_the_current_state(world: World) -> None:
    run = await world.create()
    outcome = await world.propose(run.id, StateType.RUNNING, name=WAITS)
    assert (outcome.decision.status, outcome.decision.retry_after) == (SetStateStatus.WAIT, 5)
    assert outcome.state == run.state
    assert len(await world.rows(tables.flow_run_state)) == 1


async def test_an_unknown_run_is_not_found(world: World) -> None:
    with pytest.raises(ObjectNotFound):
        await world.propose(uuid4(), StateType.RUNNING)


async def test_a_run_of_another_workspace_is_not_found(world: World) -> None:
    run = await world.create()
    other = Scope(workspace_id=uuid4())
    proposal = FlowRunTransition(run.id, world.state(StateType.RUNNING))
    with pytest.raises(ObjectNotFound):
        await world.database.hot.transition(other, proposal)


async def test_running_opens_an_execution_that_owns_the_run(world: World) -> None:
    run = await world.create()
    outcome = await world.propose(run.id, StateType.RUNNING, worker_name="w")
    [execution] = await world.rows(tables.execution)
    [row] = await world.rows(tables.flow_run)
    assert outcome.execution_id == execution["id"] == row["execution_id"] == f"{run.id}.1"
    assert (execution["worker_name"], execution["leased"]) == ("w", True)
    assert execution["presented_at"] == NOON


async def test_an_execution_is_presented_once_user_code_starts(world: World) -> None:
    run = await world.create()
    claimed = await world.propose(run.id, StateType.PENDING)
    [execution] = await world.rows(tables.execution)
    assert execution["presented_at"] is None
    world.clock.step(5)
    running = await world.propose(run.id, StateType.RUNNING, execution_id=claimed.execution_id)
    [execution] = await world.rows(tables.execution)
    assert running.execution_id == claimed.execution_id
    assert (execution["presented_at"], execution["leased"]) == (world.clock.now, True)


async def test_the_end_of_a_run_ends_its_execution(world: World) -> None:
    run = await world.create()
    await world.propose(run.id, StateType.RUNNING)
    outcome = await world.propose(run.id, StateType.COMPLETED)
    [execution] = await world.rows(tables.execution)
    assert (execution["ended_at"], execution["end_reason"]) == (NOON, "COMPLETED")
    assert outcome.execution_id == execution["id"]


async def test_the_next_execution_is_the_next_generation(world: World) -> None:
    run = await world.create()
    await world.propose(run.id, StateType.RUNNING)
    await world.propose(run.id, StateType.FAILED)
    outcome = await world.propose(run.id, StateType.RUNNING)
    assert outcome.execution_id == f"{run.id}.2"
    [row] = await world.rows(tables.flow_run)
    assert (row["execution_id"], row["execution_generation"]) == (f"{run.id}.2", 2)


async def test_a_superseded_execution_writes_nothing(world: World) -> None:
    run = await world.create()
    first = await world.propose(run.id, StateType.RUNNING)
    await world.propose(run.id, StateType.FAILED)
    await world.propose(run.id, StateType.RUNNING)
    with pytest.raises(Superseded):
        await world.propose(run.id, StateType.COMPLETED, execution_id=first.execution_id)
    [row] = await world.rows(tables.flow_run)
    assert row["state_type"] == "RUNNING"


async def test_the_expected_state_must_still_be_the_current_one(world: World) -> None:
    run = await world.create()
    outcome = await world.propose(run.id, StateType.RUNNING, expected_state_id=uuid4())
    assert outcome.decision.status is SetStateStatus.ABORT
    assert outcome.state == run.state
    outcome = await world.propose(run.id, StateType.RUNNING, expected_state_id=run.state_id)
    assert outcome.decision.status is SetStateStatus.ACCEPT


async def test_a_run_that_is_scheduled_again_wakes_its_pool(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    taken = await world.propose(run.id, StateType.PENDING)
    assert taken.work_pool_id is None
    assert await world.rows(tables.dispatchable) == []
    again = world.state(StateType.SCHEDULED)
    outcome = await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, again))
    assert outcome.work_pool_id == queue.work_pool_id
    [row] = await world.rows(tables.dispatchable)
    assert (row["flow_run_id"], row["due_at"]) == (run.id, NOON)


async def test_a_run_that_ends_wakes_its_pool_for_another_that_waits_for_its_slot(
    world: World,
) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    await world.propose(run.id, StateType.PENDING)
    started = await world.propose(run.id, StateType.RUNNING)
    assert started.work_pool_id is None
    ended = await world.propose(run.id, StateType.COMPLETED)
    assert ended.work_pool_id == queue.work_pool_id


async def test_scheduling_a_scheduled_run_again_moves_it(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue)
    later = world.state(StateType.SCHEDULED, due_in=90)
    await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, later))
    [row] = await world.rows(tables.dispatchable)
    assert row["due_at"] == later.state_details.scheduled_time


async def test_the_failure_of_a_decision_is_not_that_of_its_neighbours(world: World) -> None:
    runs = [await world.create() for _ in range(9)]
    answers = await asyncio.gather(
        *(
            world.propose(run.id, StateType.RUNNING, name=EXPLODES if number == 4 else "")
            for number, run in enumerate(runs)
        ),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in answers] == [False] * 4 + [True] + [
        False
    ] * 4
    assert isinstance(answers[4], ArithmeticError)
    running = await world.rows(tables.flow_run, tables.flow_run.c.state_type == "RUNNING")
    assert len(running) == 8


async def test_transitions_of_one_run_at_once_are_decided_one_after_the_other(
    world: World,
) -> None:
    run = await world.create()
    await asyncio.gather(*(world.propose(run.id, StateType.RUNNING) for _ in range(12)))
    [row] = await world.rows(tables.flow_run)
    announced = [row["body"] for row in await world.rows(tables.outbox)]
    assert row["run_count"] == 12
    assert len(await world.rows(tables.execution)) == 1
    # Each saw another state before it: a chain without a fork.
    assert len({body["initial_id"] for body in announced}) == 13


async def test_a_limited_deployment_gives_one_slot_to_twenty_at_once(world: World) -> None:
    deployment = await world.deployment(limit=1)
    runs = [await world.create(deployment_id=deployment) for _ in range(20)]
    outcomes = await asyncio.gather(*(world.propose(run.id, StateType.PENDING) for run in runs))
    statuses = [outcome.decision.status for outcome in outcomes]
    assert statuses.count(SetStateStatus.ACCEPT) == 1
    assert statuses.count(SetStateStatus.REJECT) == 19
    live = await world.rows(tables.execution, tables.execution.c.ended_at.is_(None))
    assert len(live) == 1


async def test_a_slot_that_is_released_can_be_taken_in_the_same_moment(world: World) -> None:
    deployment = await world.deployment(limit=1)
    first, second = [await world.create(deployment_id=deployment) for _ in range(2)]
    await world.propose(first.id, StateType.RUNNING)
    assert (await world.propose(second.id, StateType.RUNNING)).decision.status != "ACCEPT"
    await world.propose(first.id, StateType.COMPLETED)
    assert (await world.propose(second.id, StateType.RUNNING)).decision.status == "ACCEPT"


async def test_what_postgresql_cannot_store_costs_a_character_and_not_the_batch(
    world: World,
) -> None:
    run = await world.create(parameters={"x": "a\x00b", "y": "\\u0000"})
    state = world.state(StateType.FAILED, message="bad \x00 byte", data={"\x00": ["\\\x00"]})
    await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, state))
    [row] = await world.rows(tables.flow_run)
    mark = "\x00" if world.database.dialect == "sqlite" else "\ufffd"
    assert row["state_message"] == f"bad {mark} byte"
    assert row["state_data"] == {mark: [f"\\{mark}"]}
    assert row["parameters"] == {"x": f"a{mark}b", "y": "\\u0000"}
