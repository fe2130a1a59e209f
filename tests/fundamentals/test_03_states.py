"""States: how a run ends, and what happens on the way."""

import asyncio
import threading

import pytest

from tests.support.api_under_test import ApiUnderTest
from windlass import State, flow, task
from windlass.flow_engine import FlowRunTimeoutError
from windlass.states import Completed, Failed
from windlass.tasks import exponential_backoff


@task
def succeeds() -> str:
    return "foo"


@task
def fails() -> str:
    raise ValueError("I am a bad task")


def test_a_call_may_give_the_state_in_place_of_the_result() -> None:
    """A state has the result, or the exception."""

    @flow
    def looks() -> None:
        good, bad = succeeds(return_state=True), fails(return_state=True)
        assert good.is_completed()
        assert good.result() == "foo"
        assert bad.is_failed()
        assert isinstance(bad.result(raise_on_failure=False), ValueError)

    looks()


def test_an_exception_that_leaves_the_flow_fails_it(api: ApiUnderTest) -> None:
    """And reaches the caller."""

    @flow
    def broken() -> None:
        fails()

    with pytest.raises(ValueError, match="bad task"):
        broken()
    assert api.states("broken")[-1] == "Failed"


def test_a_failure_that_is_swallowed_does_not_fail_the_flow(api: ApiUnderTest) -> None:
    """Only what the flow raises or returns decides."""

    @flow
    def tolerant() -> str:
        fails(return_state=True)
        fails.submit().result(raise_on_failure=False)
        return "fine"

    assert tolerant() == "fine"
    assert api.states("tolerant")[-1] == "Completed"


def test_a_flow_that_returns_a_failed_state_failed(api: ApiUnderTest) -> None:
    """States of other runs that are returned have to be COMPLETED, all of them."""

    @flow
    def strict() -> object:
        return [succeeds(return_state=True), fails(return_state=True)]

    with pytest.raises(ValueError, match="bad task"):
        strict()
    assert api.states("strict")[-1] == "Failed"


def test_a_flow_that_returns_futures_waits_for_them(api: ApiUnderTest) -> None:
    """And has their results, if all of them completed."""

    @flow
    def waits() -> object:
        return [succeeds.submit(), succeeds.submit()]

    assert waits() == ["foo", "foo"]
    assert api.flow_run("waits").state is not None
    assert "Finished in state Completed('All states completed.')" in api.logs("waits")


def test_a_flow_may_say_itself_how_it_ends(api: ApiUnderTest) -> None:
    """A state made by hand is the final state, and is not raised."""

    @flow
    def decides(work: bool) -> State:
        return Completed(name="Skipped") if not work else Failed(message="How did this happen?")

    assert decides(False).is_completed()
    assert api.states("decides")[-1] == "Skipped"


def test_a_task_may_say_itself_how_it_ends(api: ApiUnderTest) -> None:
    """A task that returns `Failed` failed."""

    @task
    def toggle(fail: bool) -> State:
        return Failed(message="as told") if fail else Completed(message="as told")

    @flow
    def example() -> None:
        assert toggle(True).is_failed()
        assert toggle(False).is_completed()

    example()

    assert [run.states[-1] for run in api.task_runs("example")] == ["Failed", "Completed"]


def test_a_failed_task_is_tried_again(api: ApiUnderTest) -> None:
    """As often, and after such delays, as it says."""
    attempts: list[int] = []

    @task(retries=3, retry_delay_seconds=[0, 0.01, 0.01])
    def flaky() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError("not yet")
        return len(attempts)

    @flow
    def persistent() -> int:
        return flaky()

    assert persistent() == 3
    [run] = api.task_runs("persistent")
    tried_again = ["Retrying", "AwaitingRetry", "Retrying"]
    assert run.states == ["Pending", "Running", *tried_again, "Completed"]


def test_delays_may_grow() -> None:
    """`exponential_backoff` doubles them."""
    assert exponential_backoff(backoff_factor=2)(4) == [2, 4, 8, 16]


def test_a_failed_flow_is_tried_again(api: ApiUnderTest) -> None:
    """From the beginning: all of its tasks run again."""
    attempts: list[int] = []

    @flow(retries=1)
    def flaky() -> str:
        succeeds()
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("not yet")
        return "done"

    assert flaky() == "done"
    assert api.states("flaky") == [
        "Pending",
        "Running",
        "AwaitingRetry",
        "Retrying",
        "Completed",
    ]
    assert len(api.task_runs("flaky")) == 2


def test_a_run_that_takes_too_long_is_stopped(api: ApiUnderTest) -> None:
    """Wherever it is, and it has then timed out."""

    @flow(timeout_seconds=0.05)
    def slow() -> None:
        threading.Event().wait(20)

    with pytest.raises(FlowRunTimeoutError):
        slow()
    assert api.states("slow")[-1] == "TimedOut"


def test_an_async_run_that_takes_too_long_is_stopped(api: ApiUnderTest) -> None:
    """Likewise."""

    @flow(timeout_seconds=0.05)
    async def slow() -> None:
        await asyncio.Event().wait()

    with pytest.raises(FlowRunTimeoutError):
        asyncio.run(slow())
    assert api.states("slow")[-1] == "TimedOut"


def test_hooks_hear_of_states() -> None:
    """They get the flow or task, its run, and the state."""
    heard: list[tuple[str, str]] = []

    def hook(subject: object, run: object, state: State) -> None:
        heard.append((type(subject).__name__, state.name))

    @task(on_running=[hook], on_failure=[hook])
    def bad() -> None:
        raise ValueError

    @flow(on_completion=[hook])
    def hooked() -> None:
        bad(return_state=True)

    @hooked.on_running
    def begins(flow: object, run: object, state: State) -> None:
        heard.append(("decorated", state.name))

    hooked()

    assert begins is not None
    assert heard == [
        ("decorated", "Running"),
        ("Task", "Running"),
        ("Task", "Failed"),
        ("Flow", "Completed"),
    ]
