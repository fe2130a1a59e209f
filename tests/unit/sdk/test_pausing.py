"""Flow runs that pause in their process, or leave it, until they are resumed."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.support.claimed_runs import claimed_run
from tests.support.fake_orchestration import FakeOrchestration
from tests.support.waiting import wait_until
from windlass import flow, task
from windlass.engine.entry import run_claimed
from windlass.engine.exit_codes import ExitCode
from windlass.exceptions import (
    CancelledRun,
    FlowPauseTimeout,
    FlowRunWaitTimeout,
    MissingContextError,
    NotPausedError,
    PauseRefused,
)
from windlass.flow_runs import (
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    wait_for_flow_run,
)
from windlass.input import RunInput
from windlass.schemas.executions import ClaimedRun, Intent
from windlass.schemas.flow_runs import FlowRun
from windlass.states import Cancelling, Completed, Pending


class Order(RunInput):
    """What is asked for."""

    size: int
    colour: str = "red"


class Plain(BaseModel):
    """A model that is no input yet."""

    name: str


@contextmanager
def meanwhile(act: Callable[[], object]) -> Generator[None]:
    """Do something on another thread, and see that it went well."""
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(act())
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    done.result()


def when_paused(fake: FakeOrchestration, act: Callable[[FlowRun], object]) -> Callable[[], object]:
    """Do something to the first run that is paused."""

    def paused() -> FlowRun | None:
        found = [run for run in list(fake.runs.values()) if run.state and run.state.is_paused()]
        return found[0] if found else None

    def run() -> object:
        found = wait_until(paused, description="a run to be paused")
        assert found is not None
        return act(found)

    return run


def resumer(fake: FakeOrchestration, given: dict[str, Any] | None = None) -> Callable[[], object]:
    """Resume the run that is paused, with this input."""
    return when_paused(fake, lambda run: fake.resume_flow_run(run.id, given))


@pytest.fixture
def claimed(fake: FakeOrchestration) -> ClaimedRun:
    """A run of a deployment that the server handed out, with a short lease."""
    claimed = claimed_run()
    assert claimed.deployment is not None
    run = claimed.flow_run.model_copy(update={"deployment_id": claimed.deployment.id})
    fake.runs[run.id] = run
    fake.force(run.id, Pending().to_create())
    return claimed.model_copy(update={"lease_seconds": 0.06, "flow_run": run})


@pytest.mark.parametrize(
    ("wanted", "given", "returned"),
    [
        (None, None, None),
        (int, {"value": 3}, 3),
        (list[str], {"value": ["a"]}, ["a"]),
        (Order, {"size": 2}, Order(size=2)),
    ],
)
def test_a_pause_returns_what_the_run_is_resumed_with(
    fake: FakeOrchestration, wanted: Any, given: dict[str, Any] | None, returned: Any
) -> None:
    @flow(name="asking")
    def asking() -> Any:
        return pause_flow_run(wait_for_input=wanted, poll_interval=0.01)

    with meanwhile(resumer(fake, given)):
        assert asking() == returned
    assert fake.states_of_run("asking") == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_a_model_comes_back_as_an_input_of_its_fields(fake: FakeOrchestration) -> None:
    @flow
    def asking() -> str:
        answer = pause_flow_run(wait_for_input=Plain, poll_interval=0.01)
        assert isinstance(answer, Plain)
        assert isinstance(answer, RunInput)
        return answer.name

    with meanwhile(resumer(fake, {"name": "you"})):
        assert asking() == "you"


async def test_an_asynchronous_flow_awaits_its_pause(fake: FakeOrchestration) -> None:
    @flow
    async def asking() -> str:
        pausing: Any = pause_flow_run(wait_for_input=str, poll_interval=0.01)
        return await pausing

    with meanwhile(resumer(fake, {"value": "x"})):
        assert await asking() == "x"


def test_a_pause_inside_of_a_task_pauses_its_flow_run(fake: FakeOrchestration) -> None:
    @task
    def ask() -> int:
        return pause_flow_run(wait_for_input=int, poll_interval=0.01)

    @flow
    def asking() -> int:
        return ask()

    with meanwhile(resumer(fake, {"value": 5})):
        assert asking() == 5


def test_what_is_asked_for_is_there_when_the_run_is_paused(fake: FakeOrchestration) -> None:
    @flow
    def asking() -> Order:
        wanted = Order.with_initial_data(description="**Which?**", colour="green")
        return pause_flow_run(wait_for_input=wanted, poll_interval=0.01, key="mine")

    def look_and_resume(run: FlowRun) -> None:
        assert run.state is not None
        keyset = run.state.state_details.run_input_keyset or {}
        assert keyset == {
            "schema": "paused-mine-schema",
            "description": "paused-mine-description",
            "response": "paused-mine-response",
        }
        assert '"default":"green"' in fake.inputs[run.id][keyset["schema"]]
        assert fake.inputs[run.id][keyset["description"]] == '"**Which?**"'
        fake.resume_flow_run(run.id, {"size": 1})

    with meanwhile(when_paused(fake, look_and_resume)):
        assert dict(asking()) == {"size": 1, "colour": "green"}


def test_input_that_only_the_class_can_judge_fails_the_pause(fake: FakeOrchestration) -> None:
    @flow
    def asking() -> None:
        pause_flow_run(wait_for_input=Order, poll_interval=0.01)

    with meanwhile(resumer(fake, {"size": "many"})), pytest.raises(ValidationError):
        asking()


def test_a_run_that_nobody_resumes_in_time_fails(fake: FakeOrchestration) -> None:
    @flow(name="waiting")
    def waiting() -> None:
        pause_flow_run(timeout=0.05, poll_interval=0.01)

    with pytest.raises(FlowPauseTimeout):
        waiting()
    assert fake.states_of_run("waiting")[-2:] == ["Paused", "Failed"]


def test_a_run_that_is_cancelled_while_it_is_paused_is_cancelled(fake: FakeOrchestration) -> None:
    @flow(name="waiting")
    def waiting() -> None:
        pause_flow_run(poll_interval=0.01)

    cancel = when_paused(fake, lambda run: fake.force(run.id, Cancelling().to_create()))
    with meanwhile(cancel), pytest.raises(CancelledRun):
        waiting()
    assert fake.states_of_run("waiting")[-2:] == ["Cancelling", "Cancelled"]


def test_the_lease_of_a_paused_run_is_renewed(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    def renewed_and_resumed(run: FlowRun) -> None:
        before = len(fake.renewed)
        wait_until(lambda: len(fake.renewed) > before + 1, description="two renewals")
        fake.resume_flow_run(run.id, None)

    with meanwhile(when_paused(fake, renewed_and_resumed)):
        assert run_claimed(claimed, flow(lambda: pause_flow_run(poll_interval=0.01))) == 0


def test_a_suspended_run_ends_its_process_and_goes_on_in_the_next(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    calls: list[str] = []

    def suspending() -> int:
        calls.append("before")
        answer = suspend_flow_run(wait_for_input=int)
        calls.append("after")
        return answer

    assert run_claimed(claimed, flow(suspending)) is ExitCode.COMPLETED
    assert fake.runs[claimed.flow_run.id].state_name == "Suspended"
    assert calls == ["before"]

    fake.resume_flow_run(claimed.flow_run.id, {"value": 4})
    assert run_claimed(claimed, flow(suspending)) is ExitCode.COMPLETED
    assert fake.runs[claimed.flow_run.id].state_name == "Completed"
    assert calls == ["before", "before", "after"]


def test_a_run_that_is_suspended_inside_of_a_task_says_so_of_the_task(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    @task(task_run_name="suspending")
    def suspending() -> None:
        suspend_flow_run()

    assert run_claimed(claimed, flow(lambda: suspending.submit().result())) == 0
    assert fake.runs[claimed.flow_run.id].state_name == "Suspended"
    assert fake.states_of_task_runs()["suspending"][-1] == "Suspended"


def test_a_run_that_is_suspended_from_outside_stops_before_its_next_task(
    fake: FakeOrchestration, claimed: ClaimedRun
) -> None:
    ended: list[str] = []

    @task
    def first() -> None:
        fake.intent = Intent.SUSPEND
        before = len(fake.renewed)
        wait_until(lambda: len(fake.renewed) > before + 1, description="the lease to be renewed")
        ended.append("first")

    @task
    def second() -> None:
        ended.append("second")

    def two() -> None:
        first()
        second()

    assert run_claimed(claimed, flow(two)) is ExitCode.COMPLETED
    assert ended == ["first"]
    assert fake.runs[claimed.flow_run.id].state_name == "Running"


def test_a_run_without_a_deployment_cannot_be_suspended() -> None:
    @flow
    def suspending() -> None:
        suspend_flow_run()

    with pytest.raises(PauseRefused, match="deployment"):
        suspending()


def test_only_a_flow_run_pauses() -> None:
    with pytest.raises(MissingContextError):
        pause_flow_run()


def test_another_run_is_suspended_by_its_id(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    suspend_flow_run(flow_run_id=claimed.flow_run.id, timeout=None)
    assert fake.runs[claimed.flow_run.id].state_name == "Suspended"
    with pytest.raises(PauseRefused):
        suspend_flow_run(wait_for_input=int, flow_run_id=claimed.flow_run.id)


def test_only_a_paused_run_is_resumed(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    with pytest.raises(NotPausedError):
        resume_flow_run(claimed.flow_run.id)
    suspend_flow_run(flow_run_id=claimed.flow_run.id)
    resume_flow_run(claimed.flow_run.id)
    assert fake.runs[claimed.flow_run.id].state_name == "Resuming"


def test_waiting_for_a_run_ends_with_it(fake: FakeOrchestration, claimed: ClaimedRun) -> None:
    id = claimed.flow_run.id
    with pytest.raises(FlowRunWaitTimeout, match="Pending"):
        wait_for_flow_run(id, timeout=0.02, poll_interval=0.01)
    with meanwhile(lambda: fake.force(id, Completed().to_create())):
        assert wait_for_flow_run(id, poll_interval=0.01, log_states=True).state_name == "Completed"
