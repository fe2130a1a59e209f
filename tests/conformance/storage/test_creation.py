"""Creating flow runs."""

import asyncio
from datetime import timedelta

import pytest

from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateType
from windlass_services.storage import tables
from windlass_services.storage.flows import read_flow
from windlass_services.storage.hot.facts import Decision, OpenExecution
from windlass_services.storage.scope import Scope


async def test_a_created_run_is_there_when_the_call_returns(world: World) -> None:
    run = await world.create()
    [row] = await world.rows(tables.flow_run)
    assert (row["id"], row["state_id"]) == (run.id, run.state_id)


async def test_the_first_state_goes_to_history_and_outbox(world: World) -> None:
    run = await world.create()
    assert run.state is not None
    [state] = await world.rows(tables.flow_run_state)
    [announced] = await world.rows(tables.outbox)
    assert (state["id"], state["flow_run_id"], state["day"]) == (run.state.id, run.id, NOON.date())
    assert announced["kind"] == "flow-run-state"
    assert announced["body"] == {
        "flow_run_id": str(run.id),
        "state_id": str(run.state.id),
        "type": "PENDING",
        "name": "Pending",
        "timestamp": "2026-03-01T12:00:00Z",
        "message": None,
        "initial_type": None,
        "initial_name": None,
        "initial_id": None,
    }


async def test_a_run_without_a_state_has_no_history(world: World) -> None:
    new = world.new(state=None, state_id=None, state_type=None, state_name=None)
    await world.database.hot.create_flow_runs(SCOPE, [new])
    [row] = await world.rows(tables.flow_run)
    assert row["state_id"] is None
    assert await world.rows(tables.flow_run_state) == []
    assert await world.rows(tables.outbox) == []


async def test_a_scheduled_run_of_a_pool_may_be_handed_out(world: World) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue, due_in=60)
    [row] = await world.rows(tables.dispatchable)
    assert (row["flow_run_id"], row["work_queue_id"]) == (run.id, queue.id)
    assert row["due_at"] == NOON + timedelta(seconds=60)


async def test_a_run_can_be_created_with_an_execution(world: World) -> None:
    new = world.new(StateType.RUNNING)
    opened = OpenExecution(NOON, None, presented=True, leased=False, lease_expires_at=None)
    decision = Decision(SetStateStatus.ACCEPT, new.run.state, execution=opened)
    new = type(new)(new.run, decision, work_pool_id=None)
    [created] = await world.database.hot.create_flow_runs(SCOPE, [new])
    [execution] = await world.rows(tables.execution)
    assert created.run.execution_id == execution["id"] == f"{new.run.id}.1"
    assert (execution["generation"], execution["presented_at"]) == (1, NOON)


async def test_an_idempotency_key_answers_with_the_run_it_made(world: World) -> None:
    first = await world.create(idempotency_key="once", parameters={"x": 1})
    again = world.new(idempotency_key="once", parameters={"x": 2})
    [answer] = await world.database.hot.create_flow_runs(SCOPE, [again])
    assert not answer.created
    assert (answer.run.id, answer.run.parameters) == (first.id, {"x": 1})
    assert len(await world.rows(tables.flow_run_state)) == 1
    assert len(await world.rows(tables.outbox)) == 1


async def test_an_idempotency_key_counts_within_its_flow(world: World) -> None:
    await world.create(idempotency_key="once")
    world.flow_id = tables_flow = world.new().run.id
    other = await world.create(idempotency_key="once")
    assert other.flow_id == tables_flow
    assert len(await world.rows(tables.flow_run)) == 2


async def test_the_same_run_twice_is_created_once(world: World) -> None:
    new = world.new()
    first, again = await world.database.hot.create_flow_runs(SCOPE, [new, new])
    assert (first.created, again.created) == (True, False)
    assert again.run.id == first.run.id


async def test_many_at_once_with_one_key_make_one_run(world: World) -> None:
    answers = await asyncio.gather(
        *(
            world.database.hot.create_flow_runs(SCOPE, [world.new(idempotency_key="once")])
            for _ in range(20)
        )
    )
    created = [answer.created for [answer] in answers]
    assert created.count(True) == 1
    assert len({answer.run.id for [answer] in answers}) == 1


async def test_runs_are_created_all_or_none(world: World) -> None:
    impossible = world.new(parameters={"x": object()})
    with pytest.raises(Exception, match="serialize"):
        await world.database.hot.create_flow_runs(SCOPE, [world.new(), impossible])
    assert await world.rows(tables.flow_run) == []


async def test_one_that_cannot_be_stored_fails_alone(world: World) -> None:
    good = [world.new() for _ in range(10)]
    calls = [
        world.database.hot.create_flow_runs(SCOPE, [new])
        for new in [*good[:5], world.new(parameters={"x": object()}), *good[5:]]
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [False] * 5 + [True] + [
        False
    ] * 5
    assert {row["id"] for row in await world.rows(tables.flow_run)} == {new.run.id for new in good}


async def test_a_created_run_reads_back_as_it_was_answered(world: World) -> None:
    queue = await world.queue()
    created = await world.create(
        StateType.SCHEDULED,
        queue=queue,
        name="named",
        parameters={"x": [1, {"y": None}]},
        context={"z": "ü"},
        tags=["a", "b"],
        labels={"l": 1.5},
        empirical_policy=FlowRunPolicy(retries=2, pause_keys={"k"}),
        job_variables={"image": "x"},
        idempotency_key="k",
        auto_scheduled=True,
        infrastructure_pid="host:1",
    )
    [again] = await world.database.hot.create_flow_runs(
        SCOPE, [world.new(idempotency_key="k", queue=queue)]
    )
    named = {"work_pool_name": str(queue.work_pool_id), "work_queue_name": str(queue.id)}
    assert again.run == created.model_copy(update=named)


async def test_flows_of_new_runs_are_read_together(world: World) -> None:
    hot = world.database.hot
    unknown, other = uuid7(), Scope(uuid7())
    reads = [(SCOPE, world.flow_id), (SCOPE, unknown), (other, world.flow_id)]
    answers = await asyncio.gather(
        *(hot.read_flow(scope, id) for scope, id in [*reads, *reads]), return_exceptions=True
    )
    async with world.database.read() as connection:
        stored = await read_flow(connection, SCOPE, world.flow_id)
    assert answers[0] == answers[3] == stored
    assert all(isinstance(answers[number], ObjectNotFound) for number in (1, 2, 4, 5))
