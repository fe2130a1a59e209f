"""A run whose infrastructure fails is dispatched anew, as its deployment or its pool says."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.conformance.storage.world import Queue, World
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.infrastructure_retry import InfrastructureFailure
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import Policy
from windlass_services.storage.hot.protocol import Govern

TERMS = Terms()
TWICE = {"max_retries": 2, "delay_seconds": 10.0}


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(TERMS)


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


async def running(world: World, queue: Queue, **fields: Any) -> Any:
    """A run of the queue that a worker took and started: its id and that of its execution."""
    run = await world.create(StateType.SCHEDULED, queue=queue, **fields)
    return run.id, await started(world, queue)


async def started(world: World, queue: Queue) -> str:
    [claimed] = await world.claim(queue)
    execution_id = claimed.execution_id
    await world.propose(
        claimed.flow_run.id, StateType.RUNNING, execution_id=execution_id, leased=True
    )
    return execution_id


async def say_how_to_retry(world: World, queue: Queue, policy: dict[str, Any]) -> None:
    await world.update(tables.work_pool, queue.work_pool_id, infrastructure_retry=policy)


async def row_of(world: World, run_id: UUID) -> dict[str, Any]:
    [row] = await world.rows(tables.flow_run, tables.flow_run.c.id == run_id)
    return row


async def test_a_crash_is_history_and_the_run_waits_for_its_next_execution(
    world: World, queue: Queue
) -> None:
    await say_how_to_retry(world, queue, TWICE)
    run_id, execution_id = await running(world, queue)
    world.clock.step(5)
    crashed = await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    assert crashed.decision.status is SetStateStatus.ACCEPT
    assert crashed.state is not None
    assert crashed.state.type is StateType.CRASHED
    run = await row_of(world, run_id)
    assert (run["state_type"], run["state_name"]) == ("SCHEDULED", "AwaitingRetry")
    assert run["end_time"] is None
    assert "Retry 1 of 2" in run["state_message"]
    states = await world.rows(tables.flow_run_state, tables.flow_run_state.c.flow_run_id == run_id)
    assert [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])] == [
        *("Scheduled", "Pending", "Running"),
        *("Crashed", "AwaitingRetry"),
    ]
    news = await world.rows(tables.outbox)
    told = [row["body"] for row in sorted(news, key=lambda row: row["id"])]
    ends = [body for body in told if body["type"] in ("CRASHED", "SCHEDULED")][-2:]
    assert [(body["initial_type"], body["type"]) for body in ends] == [
        ("RUNNING", "CRASHED"),
        ("CRASHED", "SCHEDULED"),
    ]
    [execution] = await world.rows(tables.execution, tables.execution.c.flow_run_id == run_id)
    assert execution["end_reason"] == "Crashed"


async def test_the_next_execution_begins_after_the_delay(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, TWICE)
    run_id, execution_id = await running(world, queue)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    world.clock.step(9)
    assert await world.claim(queue) == []
    world.clock.step(1)
    assert await started(world, queue) == f"{run_id}.2"
    # What the first one still has to say is not heard.
    late = await world.propose(run_id, StateType.PENDING)
    assert late.decision.status is SetStateStatus.ABORT


async def test_delays_grow_and_the_last_retry_is_the_last(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, TWICE)
    run_id, execution_id = await running(world, queue)
    for delay in (10, 20):
        await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
        run = await row_of(world, run_id)
        assert run["next_scheduled_start_time"] == world.clock() + timedelta(seconds=delay)
        world.clock.step(delay)
        execution_id = await started(world, queue)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    run = await row_of(world, run_id)
    assert run["state_type"] == "CRASHED"
    assert "the last of 2 retries" in run["state_message"]


async def test_retries_of_the_code_are_counted_apart(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, TWICE)
    policy = FlowRunPolicy(retries=1)
    run_id, execution_id = await running(world, queue, empirical_policy=policy)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    world.clock.step(10)
    execution_id = await started(world, queue)
    failed = await world.propose(run_id, StateType.FAILED, execution_id=execution_id)
    assert failed.state is not None
    assert failed.state.name == "AwaitingRetry"
    await world.propose(run_id, StateType.RUNNING, execution_id=execution_id)
    await world.propose(run_id, StateType.FAILED, execution_id=execution_id)
    run = await row_of(world, run_id)
    assert (run["state_type"], run["run_count"]) == ("FAILED", 3)


async def test_what_stock_clients_report_with_force_is_retried_too(
    world: World, queue: Queue
) -> None:
    await say_how_to_retry(world, queue, TWICE)
    run_id, _ = await running(world, queue)
    await world.propose(run_id, StateType.CRASHED, policy=Policy.FORCED)
    assert (await row_of(world, run_id))["state_type"] == "SCHEDULED"


async def test_the_deployment_has_the_last_word(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, TWICE)
    deployment = await world.deployment()
    await world.update(tables.deployment, deployment, infrastructure_retry={"max_retries": 0})
    run_id, execution_id = await running(world, queue, deployment_id=deployment)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    assert (await row_of(world, run_id))["state_type"] == "CRASHED"


@pytest.mark.parametrize("cause", InfrastructureFailure)
async def test_only_causes_that_are_named_are_retried(
    world: World, queue: Queue, cause: InfrastructureFailure
) -> None:
    await say_how_to_retry(world, queue, TWICE | {"causes": ["lost"]})
    run_id, execution_id = await running(world, queue)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id, failure=cause)
    is_retried = (await row_of(world, run_id))["state_type"] == "SCHEDULED"
    assert is_retried is (cause is InfrastructureFailure.LOST)


async def test_who_was_lost_has_time_to_stop(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, {"max_retries": 1, "delay_seconds": 0})
    run_id, _ = await running(world, queue)
    await world.propose(run_id, StateType.CRASHED, failure=InfrastructureFailure.LOST)
    run = await row_of(world, run_id)
    assert run["next_scheduled_start_time"] == world.clock() + TERMS.margin_of_lost


async def test_a_slot_of_the_deployment_is_free_meanwhile(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, TWICE)
    deployment = await world.deployment(limit=1)
    run_id, execution_id = await running(world, queue, deployment_id=deployment)
    await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
    other, _ = await running(world, queue, deployment_id=deployment)
    assert (await row_of(world, other))["state_type"] == "RUNNING"


async def test_asking_for_the_run_again_gives_all_retries_back(world: World, queue: Queue) -> None:
    await say_how_to_retry(world, queue, {"max_retries": 1, "delay_seconds": 0})
    deployment = await world.deployment()
    run_id, execution_id = await running(world, queue, deployment_id=deployment)
    for _ in range(2):
        await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
        assert (await row_of(world, run_id))["state_type"] == "SCHEDULED"
        execution_id = await started(world, queue)
        await world.propose(run_id, StateType.CRASHED, execution_id=execution_id)
        assert (await row_of(world, run_id))["state_type"] == "CRASHED"
        await world.propose(run_id, StateType.SCHEDULED)
        execution_id = await started(world, queue)
