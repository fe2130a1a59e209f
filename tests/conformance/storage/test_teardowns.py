"""Infrastructure that has to go: noted with the end of its execution, and ended by a worker."""

from uuid import UUID

import pytest

from tests.conformance.storage.world import SCOPE, Queue, World
from windlass.exceptions import ObjectNotFound
from windlass.schemas.executions import ClaimedRun, ExecutionEnded, ExecutionStarted, Handle
from windlass.schemas.states import StateDetails, StateType
from windlass.schemas.teardowns import Teardown, TeardownOutcome, TeardownsToTake, TornDown
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import executions, tables, teardowns
from windlass_services.storage.flow_deletion import delete_flow
from windlass_services.storage.flow_runs import delete_flow_run
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.teardowns import MOST_ATTEMPTS, PATIENCE, VISIBILITY, pause_after

TERMS = Terms()


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(TERMS)


def handle(place: str | None = None) -> Handle:
    return Handle(kind="process", version=1, data={"pid": 7}, place=place)


async def started(
    world: World, queue: Queue, place: str | None = None, *, deployment_id: UUID | None = None
) -> ClaimedRun:
    """A run that a worker started, and whose code began."""
    await world.fill(queue, 1, deployment_id=deployment_id)
    [run] = await world.claim(queue)
    await report_started(world, run, place)
    await world.propose(run.flow_run.id, StateType.RUNNING, execution_id=run.execution_id)
    return run


async def report_started(world: World, run: ClaimedRun, place: str | None = None) -> None:
    said = ExecutionStarted(execution_id=run.execution_id, handle=handle(place))
    async with world.database.write() as connection:
        await executions.record_started(connection, SCOPE, said, now=world.clock())


async def given_up(world: World, queue: Queue, place: str | None = None) -> ClaimedRun:
    """A run whose execution somebody else ended."""
    run = await started(world, queue, place)
    await world.propose(run.flow_run.id, StateType.CRASHED)
    return run


async def delete(world: World, run: ClaimedRun, *, with_flow: bool = False) -> None:
    async with world.database.write() as connection:
        if with_flow:
            await delete_flow(connection, SCOPE, run.flow_run.flow_id, now=world.clock())
        else:
            await delete_flow_run(connection, SCOPE, run.flow_run.id, now=world.clock())


async def take(world: World, queue: Queue, place: str | None = None) -> list[Teardown]:
    asked = TeardownsToTake(worker_name="worker", place=place, limit=10)
    async with world.database.write() as connection:
        return await teardowns.take_teardowns(
            connection, SCOPE, queue.work_pool_id, asked, now=world.clock()
        )


async def say(world: World, run: ClaimedRun, outcome: TeardownOutcome, reason: str = "") -> None:
    said = TornDown(
        execution_id=run.execution_id, worker_name="worker", outcome=outcome, reason=reason
    )
    async with world.database.write() as connection:
        await teardowns.settle_teardown(connection, SCOPE, said, now=world.clock())


async def give_up(world: World) -> int:
    async with world.database.write() as connection:
        return await teardowns.give_up_teardowns(connection, now=world.clock())


async def noted(world: World) -> list[str]:
    return [row["execution_id"] for row in await world.rows(tables.teardown)]


@pytest.mark.parametrize("end", [StateType.CRASHED, StateType.CANCELLED, StateType.SCHEDULED])
async def test_what_others_end_is_torn_down(world: World, end: StateType) -> None:
    run = await started(world, queue := await world.queue())
    await world.propose(run.flow_run.id, end)
    [taken] = await take(world, queue)
    assert (taken.execution_id, taken.flow_run_id) == (run.execution_id, run.flow_run.id)
    assert (taken.handle, taken.attempts) == (handle(), 1)


@pytest.mark.parametrize("end", [StateType.CRASHED, StateType.CANCELLED, StateType.COMPLETED])
async def test_what_ends_by_its_own_word_is_not(world: World, end: StateType) -> None:
    run = await started(world, await world.queue())
    await world.propose(run.flow_run.id, end, execution_id=run.execution_id)
    assert await noted(world) == []


async def suspend(world: World, run: ClaimedRun, *, execution_id: str | None = None) -> None:
    details = StateDetails(pause_reschedule=True)
    state = world.state(StateType.PAUSED, name="Suspended", state_details=details)
    told = FlowRunTransition(run.flow_run.id, state, execution_id=execution_id)
    await world.database.hot.transition(SCOPE, told)


async def of_a_deployment(world: World, queue: Queue) -> ClaimedRun:
    return await started(world, queue, deployment_id=await world.deployment())


async def test_what_others_suspend_is_torn_down_unless_it_ends_by_its_deadline(
    world: World,
) -> None:
    run = await of_a_deployment(world, queue := await world.queue())
    await suspend(world, run)
    world.clock.step(TERMS.cancel_deadline.total_seconds() - 1)
    assert await take(world, queue) == []
    world.clock.step(1)
    assert [it.execution_id for it in await take(world, queue)] == [run.execution_id]


async def test_what_is_suspended_and_ends_leaves_nothing_to_tear_down(world: World) -> None:
    run = await of_a_deployment(world, await world.queue())
    await suspend(world, run)
    async with world.database.write() as connection:
        ended = ExecutionEnded(execution_id=run.execution_id, exit_code=0, crashed=False)
        await executions.record_ended(connection, SCOPE, ended)
    assert await noted(world) == []


async def test_what_suspends_itself_leaves_nothing_to_tear_down(world: World) -> None:
    run = await of_a_deployment(world, await world.queue())
    await suspend(world, run, execution_id=run.execution_id)
    assert await noted(world) == []


async def test_what_hangs_while_its_run_is_resumed_is_torn_down_alone(world: World) -> None:
    run = await of_a_deployment(world, queue := await world.queue())
    await suspend(world, run)
    await world.propose(run.flow_run.id, StateType.SCHEDULED)
    [again] = await world.claim(queue)
    assert again.flow_run.id == run.flow_run.id
    world.clock.step(TERMS.cancel_deadline.total_seconds())
    assert [it.execution_id for it in await take(world, queue)] == [run.execution_id]


async def test_a_run_without_known_infrastructure_leaves_nothing_to_tear_down(
    world: World,
) -> None:
    queue = await world.queue()
    await world.fill(queue, 1)
    [run] = await world.claim(queue)
    await world.propose(run.flow_run.id, StateType.SCHEDULED)
    assert await noted(world) == []


async def test_what_was_started_too_late_is_torn_down(world: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 1)
    [run] = await world.claim(queue)
    await world.propose(run.flow_run.id, StateType.SCHEDULED)
    await report_started(world, run)
    assert await noted(world) == [run.execution_id]


async def test_a_run_that_was_done_before_its_start_was_told_is_left_alone(world: World) -> None:
    queue = await world.queue()
    await world.fill(queue, 1)
    [run] = await world.claim(queue)
    await world.propose(run.flow_run.id, StateType.RUNNING, execution_id=run.execution_id)
    await world.propose(run.flow_run.id, StateType.COMPLETED, execution_id=run.execution_id)
    await report_started(world, run)
    assert await noted(world) == []


async def test_a_worker_that_saw_the_end_leaves_nothing_to_tear_down(world: World) -> None:
    run = await given_up(world, await world.queue())
    async with world.database.write() as connection:
        ended = ExecutionEnded(execution_id=run.execution_id, crashed=True)
        await executions.record_ended(connection, SCOPE, ended)
    assert await noted(world) == []


@pytest.mark.parametrize("with_flow", [False, True])
async def test_what_a_deleted_run_left_is_torn_down(world: World, with_flow: bool) -> None:
    run = await started(world, queue := await world.queue())
    await delete(world, run, with_flow=with_flow)
    assert await world.rows(tables.execution) == []
    [taken] = await take(world, queue)
    assert (taken.execution_id, taken.flow_run_id) == (run.execution_id, run.flow_run.id)
    assert (taken.handle, taken.attempts) == (handle(), 1)


async def test_a_run_that_was_over_leaves_nothing_when_it_is_deleted(world: World) -> None:
    run = await started(world, await world.queue())
    await world.propose(run.flow_run.id, StateType.COMPLETED, execution_id=run.execution_id)
    await delete(world, run)
    assert await noted(world) == []


async def test_a_deleted_run_whose_worker_saw_its_end_leaves_nothing(world: World) -> None:
    run = await started(world, await world.queue())
    await delete(world, run)
    ended = ExecutionEnded(execution_id=run.execution_id, crashed=True)
    async with world.database.write() as connection:
        assert await executions.record_ended(connection, SCOPE, ended) is None
    assert await noted(world) == []
    with pytest.raises(ObjectNotFound):
        async with world.database.write() as connection:
            await executions.record_ended(connection, SCOPE, ended)


async def test_a_teardown_is_taken_by_one_worker_of_its_pool(world: World) -> None:
    run = await given_up(world, queue := await world.queue())
    assert await take(world, await world.queue()) == []
    assert len(await take(world, queue)) == 1
    assert await take(world, queue) == []
    world.clock.step(VISIBILITY.total_seconds())
    [again] = await take(world, queue)
    assert again.attempts == 2
    await say(world, run, TeardownOutcome.GONE)
    await say(world, run, TeardownOutcome.FAILED)
    assert await noted(world) == []


async def test_a_teardown_is_for_workers_of_its_place(world: World) -> None:
    run = await given_up(world, queue := await world.queue(), place="host-1")
    anywhere = await given_up(world, queue)
    assert {one.execution_id for one in await take(world, queue, "host-2")} == {
        anywhere.execution_id
    }
    assert await take(world, queue) == []
    assert [one.execution_id for one in await take(world, queue, "host-1")] == [run.execution_id]


async def test_due_teardowns_are_counted_by_pool_and_place(world: World) -> None:
    queue = await world.queue()
    await given_up(world, queue, place="host-1")
    await given_up(world, queue)
    run = await given_up(world, queue)

    async def count() -> dict[tuple[str, str | None], int]:
        async with world.database.read() as connection:
            due = await teardowns.count_due_teardowns(connection, SCOPE, now=world.clock())
        return dict(due)

    pool = str(queue.work_pool_id)
    assert await count() == {(pool, "host-1"): 1, (pool, None): 2}
    await take(world, queue, "host-1")
    await say(world, run, TeardownOutcome.UNREACHABLE)
    assert await count() == {(pool, None): 1}


async def test_who_cannot_reach_it_eats_up_no_attempt(world: World) -> None:
    run = await given_up(world, queue := await world.queue())
    for _ in range(MOST_ATTEMPTS + 1):
        [taken] = await take(world, queue)
        assert taken.attempts == 1
        await say(world, run, TeardownOutcome.UNREACHABLE, "not here")
    [row] = await world.rows(tables.teardown)
    assert (row["attempts"], row["last_error"]) == (0, "Worker 'worker': not here")
    assert await give_up(world) == 0


async def test_what_fails_is_tried_again_later_and_not_for_ever(world: World) -> None:
    run = await given_up(world, queue := await world.queue())
    for attempt in range(1, MOST_ATTEMPTS + 1):
        [taken] = await take(world, queue)
        assert taken.attempts == attempt
        await say(world, run, TeardownOutcome.FAILED, "it does not let go")
        assert await take(world, queue) == []
        world.clock.step(pause_after(attempt).total_seconds())
    assert await take(world, queue) == []
    async with world.database.read() as connection:
        [letter] = await teardowns.read_given_up_teardowns(connection, SCOPE, 10)
        assert await teardowns.measure_teardowns(connection) == (0, 1)
    assert letter.last_error == "Worker 'worker': it does not let go"
    assert letter.execution_id == run.execution_id


async def test_what_workers_die_of_is_not_tried_for_ever(world: World) -> None:
    await given_up(world, queue := await world.queue())
    for _ in range(MOST_ATTEMPTS):
        assert await take(world, queue)
        assert await give_up(world) == 0
        world.clock.step(VISIBILITY.total_seconds())
    assert await give_up(world) == 1
    assert await take(world, queue) == []


async def test_what_nobody_can_reach_for_long_is_given_up_and_can_be_tried_again(
    world: World,
) -> None:
    run = await given_up(world, queue := await world.queue(), place="host-1")
    world.clock.step(PATIENCE.total_seconds())
    assert await give_up(world) == 0
    world.clock.step(1)
    assert await give_up(world) == 1
    assert await take(world, queue, "host-1") == []
    async with world.database.write() as connection:
        [letter] = await teardowns.read_given_up_teardowns(connection, SCOPE, 10)
        redrive = teardowns.redrive_teardowns
        assert await redrive(connection, SCOPE, ["else"], now=world.clock()) == 0
        assert await redrive(connection, SCOPE, [run.execution_id], now=world.clock()) == 1
        assert await redrive(connection, SCOPE, None, now=world.clock()) == 0
    assert letter.last_error == "No worker of the pool that can reach it asked for it."
    assert await give_up(world) == 0
    [taken] = await take(world, queue, "host-1")
    assert taken.attempts == 1


async def test_what_was_given_up_long_ago_is_forgotten(world: World) -> None:
    await given_up(world, await world.queue())
    world.clock.step(PATIENCE.total_seconds() + 1)
    assert await give_up(world) == 1
    world.clock.step(teardowns.KEPT.total_seconds() + 1)
    assert await give_up(world) == 0
    assert await noted(world) == []
