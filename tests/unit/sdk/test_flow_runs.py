"""How a flow run goes, as the server sees it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import anyio
import pytest

from tests.support.fake_orchestration import FakeOrchestration, aborted, rejected, wait
from windlass import flow, tags, task
from windlass.engine.creation import FlowCall
from windlass.engine.ports import Proposal
from windlass.engine.running import open_task_runner, run_call
from windlass.engine.session import Session
from windlass.exceptions import Abort, CancelledRun, ParameterTypeError, Pause, ServerUnreachable
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate
from windlass.schemas.orchestration import OrchestrationResult
from windlass.schemas.states import State, StateType
from windlass.states import Cancelling, Completed, Paused, Pending

Decision = Callable[[Proposal], OrchestrationResult | None]


def once(name: str, answer: OrchestrationResult) -> Decision:
    """Answer the first question for a state of that name."""
    answers = [answer]

    def decide(proposal: Proposal) -> OrchestrationResult | None:
        return answers.pop() if proposal.state.name == name and answers else None

    return decide


class Hooks:
    """Hooks that note by which state they were called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def note(self, flow: Any, run: FlowRun, state: State) -> None:
        assert run.state_id == state.id
        self.calls.append(state.name)

    def all(self) -> dict[str, Any]:
        names = ("completion", "failure", "cancellation", "crashed", "running")
        return {f"on_{name}": [self.note] for name in names}


def test_a_flow_that_returns_completes(fake: FakeOrchestration) -> None:
    hooks = Hooks()

    @flow(**hooks.all())
    def fine() -> int:
        return 42

    assert fine() == 42
    assert fake.states_of_run("fine") == ["Pending", "Running", "Completed"]
    assert hooks.calls == ["Running", "Completed"]


def test_the_state_of_a_run_has_its_result() -> None:
    seen: list[Any] = []

    def look(_flow: object, _run: object, state: State) -> None:
        seen.append(state.result(raise_on_failure=False))

    @flow(on_completion=[look], on_failure=[look])
    def halve(x: int) -> int:
        if x % 2:
            raise ValueError("odd")
        return x // 2

    assert halve(4, return_state=True).result() == 2
    with pytest.raises(ValueError, match="odd"):
        halve(3, return_state=True).result()
    assert seen[0] == 2
    assert isinstance(seen[1], ValueError)


def test_the_server_may_let_a_run_wait(fake: FakeOrchestration) -> None:
    @flow
    def patient() -> int:
        return 1

    fake.decide(once("Running", wait(0, "no slot")))

    assert patient() == 1
    first, second = [p for p in fake.proposals if p.state.name == "Running"]
    assert first.request_id != second.request_id


def test_a_run_that_may_not_start_is_aborted(fake: FakeOrchestration) -> None:
    @flow
    def stopped() -> None:
        pytest.fail("it must not run")

    fake.decide(once("Running", aborted("two workers have it")))

    with pytest.raises(Abort, match="two workers have it"):
        stopped()
    assert fake.states_of_run("stopped") == ["Pending"]


def test_a_run_that_is_paused_stops_here(fake: FakeOrchestration) -> None:
    @flow
    def paused() -> None:
        pytest.fail("it must not run")

    fake.decide(once("Running", rejected(Paused(), "not now")))

    with pytest.raises(Pause):
        paused()


def test_a_run_that_the_server_has_ended_does_not_run(fake: FakeOrchestration) -> None:
    @flow
    def ended() -> None:
        pytest.fail("it must not run")

    fake.decide(once("Running", rejected(Completed(), "it was done already")))

    assert ended(return_state=True).is_completed()


def test_a_failed_run_is_tried_again_as_often_as_it_says(fake: FakeOrchestration) -> None:
    hooks = Hooks()

    @flow(retries=2, **hooks.all())
    def flaky() -> None:
        raise ValueError("again")

    with pytest.raises(ValueError, match="again"):
        flaky()
    attempts = ["Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Failed"]
    assert fake.states_of_run("flaky") == ["Pending", *attempts]
    assert hooks.calls == ["Running", "Retrying", "Retrying", "Failed"]


def test_parameters_of_the_wrong_type_fail_a_run_that_never_runs(fake: FakeOrchestration) -> None:
    @flow
    def typed(x: int) -> int:
        return x

    with pytest.raises(ParameterTypeError, match="x: Input should be a valid integer"):
        typed("one")  # pyright: ignore[reportArgumentType]
    assert fake.states_of_run("typed") == ["Pending", "Failed"]


def test_a_run_that_is_being_cancelled_ends_cancelled(fake: FakeOrchestration) -> None:
    hooks = Hooks()

    @flow(**hooks.all())
    def cancelled() -> None:
        [run_id] = fake.runs
        fake.force(run_id, Cancelling(message="a person wants it").to_create())

    with pytest.raises(CancelledRun, match="a person wants it"):
        cancelled()
    assert fake.states_of_run("cancelled") == ["Pending", "Running", "Cancelling", "Cancelled"]
    assert hooks.calls == ["Running", "Cancelling"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupted_run_crashes(fake: FakeOrchestration, interruption: BaseException) -> None:
    hooks = Hooks()

    @flow(retries=3, **hooks.all())
    def interrupted() -> None:
        raise interruption

    with pytest.raises(type(interruption)):
        interrupted()
    assert fake.states_of_run("interrupted") == ["Pending", "Running", "Crashed"]
    assert hooks.calls == ["Running", "Crashed"]


def test_a_cancelled_coroutine_crashes_its_run(fake: FakeOrchestration) -> None:
    started = asyncio.Event()

    @flow
    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    async def give_up() -> None:
        running = asyncio.create_task(endless())
        await started.wait()
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(give_up())
    assert fake.states_of_run("endless") == ["Pending", "Running", "Crashed"]


def test_a_coroutine_in_a_cancelled_scope_still_says_that_it_crashed(
    fake: FakeOrchestration,
) -> None:
    @flow
    async def endless() -> None:
        await asyncio.Event().wait()

    async def give_up() -> None:
        # The scope cancels again at every `await`, unlike a task that is cancelled once.
        with anyio.move_on_after(0.1):
            await endless()

    asyncio.run(give_up())
    assert fake.states_of_run("endless") == ["Pending", "Running", "Crashed"]


def test_an_interrupted_run_says_so_even_if_the_server_is_gone(fake: FakeOrchestration) -> None:
    @flow
    def interrupted() -> None:
        fake.is_down = True
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interruption:
        interrupted()
    assert "The server does not know of it" in interruption.value.__notes__[0]


def test_a_result_that_cannot_be_reported_is_an_error(fake: FakeOrchestration) -> None:
    @flow
    def unheard() -> int:
        fake.is_down = True
        return 1

    with pytest.raises(ServerUnreachable):
        unheard()


def test_a_hook_that_raises_changes_nothing(fake: FakeOrchestration) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a broken hook")

    async def asynchronous(*_: object) -> None:
        calls.append("asynchronous")

    calls: list[str] = []

    @flow(on_completion=[broken, asynchronous])
    def fine() -> int:
        return 1

    assert fine() == 1
    assert calls == ["asynchronous"]


def test_a_run_has_the_name_the_tags_and_the_version_that_its_flow_says(
    fake: FakeOrchestration,
) -> None:
    @flow(flow_run_name="run-{x:03d}", version="7", retries=2, retry_delay_seconds=1.5)
    def named(x: int, unrecordable: object) -> None: ...

    with tags("b", "a"):
        named(5, object())

    [run] = fake.runs.values()
    assert run.name == "run-005"
    assert run.tags == ["a", "b"]
    assert run.flow_version == "7"
    assert run.parameters == {"x": 5}
    assert (run.empirical_policy.retries, run.empirical_policy.retry_delay) == (2, 1.5)


def test_a_name_that_cannot_be_made_fails_the_call(fake: FakeOrchestration) -> None:
    @flow(flow_run_name="{nobody}")
    def misnamed() -> None: ...

    with pytest.raises(KeyError, match="nobody"):
        misnamed()


def existing_run(fake: FakeOrchestration, **said: Any) -> FlowRun:
    state = Pending().to_create()
    return fake.create_flow_run(FlowRunCreate(flow_id=uuid7(), state=state, **said))


def run_existing(definition: Any, run: FlowRun, session: Session) -> Any:
    call = FlowCall(
        flow=definition,
        parameters=run.parameters,
        open_task_runner=open_task_runner,
        flow_run=run,
    )
    return run_call(call, session)


def test_a_run_that_was_created_elsewhere_gets_its_name_when_it_begins(
    fake: FakeOrchestration, session: Session
) -> None:
    @flow(flow_run_name="hello-{x}", retries=1, version="v")
    def greet(x: int) -> int:
        return x

    run = existing_run(fake, parameters={"x": "3"})

    assert run_existing(greet, run, session).value == 3
    assert fake.runs[run.id].name == "hello-3"
    assert fake.runs[run.id].empirical_policy.retries == 1
    assert fake.runs[run.id].flow_version == "v"


@pytest.mark.parametrize("parameters", [{}, {"y": 1}, {"x": "one"}])
def test_a_run_that_was_created_with_wrong_parameters_fails(
    fake: FakeOrchestration, session: Session, parameters: dict[str, Any]
) -> None:
    @flow
    def typed(x: int) -> int:
        return x

    run = existing_run(fake, parameters=parameters)

    assert run_existing(typed, run, session).state.is_failed()
    assert [state.name for state in fake.history[run.id]] == ["Pending", "Failed"]


def test_a_child_is_linked_to_its_parent_by_a_task_run(fake: FakeOrchestration) -> None:
    @flow
    def child(x: int) -> int:
        return x

    @task
    def one() -> int:
        return 1

    @flow
    def parent() -> int:
        return child(one.submit())  # pyright: ignore[reportArgumentType]

    assert parent() == 1
    [parent_run] = [run for run in fake.runs.values() if run.parent_task_run_id is None]
    [child_run] = [run for run in fake.runs.values() if run.parent_task_run_id is not None]
    [tracking] = [r for r in fake.reports if r.id == child_run.parent_task_run_id]
    assert tracking.flow_run_id == parent_run.id
    assert [source.input_type for source in tracking.task_inputs["x"]] == ["task_run"]
    assert child_run.parameters == {"x": 1}


def test_a_child_whose_input_failed_is_not_ready(fake: FakeOrchestration) -> None:
    @flow
    def child(x: int) -> int:
        return x

    @task
    def broken() -> int:
        raise ValueError

    @flow
    def parent() -> State:
        return child(broken.submit(), return_state=True)

    state = parent()
    assert (state.type, state.name) == (StateType.PENDING, "NotReady")


def test_a_generator_flow_that_nobody_finishes_completes(fake: FakeOrchestration) -> None:
    @flow
    def count() -> Any:
        yield from range(10)

    values = count()
    assert next(values) == 0
    values.close()

    assert fake.states_of_run("count") == ["Pending", "Running", "Completed"]


def test_a_generator_flow_hears_what_its_consumer_sends_and_throws() -> None:
    @flow
    def echo() -> Generator[str, str, None]:
        heard = yield "ready"
        try:
            yield heard
        except ValueError as error:
            yield str(error)

    values = echo()
    assert next(values) == "ready"
    assert values.send("hello") == "hello"
    assert values.throw(ValueError("oh")) == "oh"
    with pytest.raises(StopIteration):
        next(values)


def test_an_async_generator_flow_hears_what_its_consumer_sends_and_throws() -> None:
    @flow
    async def echo() -> AsyncGenerator[str, str]:
        heard = yield "ready"
        try:
            yield heard
        except ValueError as error:
            yield str(error)

    async def consume() -> list[str]:
        values = echo()
        return [
            await anext(values),
            await values.asend("hello"),
            await values.athrow(ValueError("oh")),
            *[value async for value in values],
        ]

    assert asyncio.run(consume()) == ["ready", "hello", "oh"]


def test_a_retry_waits_for_its_delay(fake: FakeOrchestration, session: Session) -> None:
    @flow(retries=1, retry_delay_seconds=0.05)
    def flaky() -> None:
        raise ValueError

    state = flaky(return_state=True)

    assert state.is_failed()
    [run] = fake.runs
    moments = {one.name: one for one in fake.history[run]}
    due = moments["AwaitingRetry"].state_details.scheduled_time
    assert due is not None
    assert moments["Retrying"].timestamp >= due
