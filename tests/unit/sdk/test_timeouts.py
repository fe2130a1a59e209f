"""Limits of time: interrupted in the main thread, found out elsewhere."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow, task
from windlass.engine.session import Session
from windlass.engine.timeouts import TimeLimit
from windlass.flow_engine import FlowRunTimeoutError
from windlass.task_engine import TaskRunTimeoutError


def hang() -> None:
    threading.Event().wait(20)


def limit(seconds: float, message: str = "over") -> TimeLimit:
    return TimeLimit(seconds, TimeoutError(message))


def test_a_limit_interrupts_the_main_thread() -> None:
    with pytest.raises(TimeoutError, match="over"), limit(0.02).here():
        hang()


def test_an_outer_limit_that_ends_first_interrupts_too() -> None:
    with (
        pytest.raises(TimeoutError, match="outer"),
        limit(0.02, "outer").here(),
        limit(20, "inner").here(),
    ):
        hang()


def test_an_outer_limit_still_counts_after_an_inner_one_ended() -> None:
    def hang_twice() -> None:
        with pytest.raises(TimeoutError, match="inner"), limit(0.01, "inner").here():
            hang()
        hang()

    with pytest.raises(TimeoutError, match="outer"), limit(0.05, "outer").here():
        hang_twice()


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    with limit(20).here():
        pass


def test_code_that_swallows_the_interruption_does_not_escape() -> None:
    def swallow() -> None:
        try:
            hang()
        except TimeoutError:
            return

    with pytest.raises(TimeoutError, match="over"), limit(0.02).here():
        swallow()


def test_on_another_thread_the_limit_counts_at_the_end() -> None:
    def overrun() -> None:
        with limit(0.001).here():
            time.sleep(0.01)

    with ThreadPoolExecutor(1) as thread, pytest.raises(TimeoutError, match="over"):
        thread.submit(overrun).result()


def test_a_flow_that_takes_too_long_has_timed_out(fake: FakeOrchestration) -> None:
    @flow(timeout_seconds=0.05)
    def slow() -> None:
        hang()

    with pytest.raises(FlowRunTimeoutError, match=r"0\.05 seconds"):
        slow()
    assert fake.states_of_run("slow")[-1] == "TimedOut"


def test_an_async_flow_that_takes_too_long_has_timed_out(fake: FakeOrchestration) -> None:
    @flow(timeout_seconds=0.05)
    async def slow() -> None:
        await asyncio.Event().wait()

    with pytest.raises(FlowRunTimeoutError):
        asyncio.run(slow())
    assert fake.states_of_run("slow")[-1] == "TimedOut"


def test_a_task_that_takes_too_long_is_tried_again_like_any_other(
    fake: FakeOrchestration, session: Session
) -> None:
    @task(timeout_seconds=0.02, retries=1)
    def slow() -> None:
        hang()

    with pytest.raises(TaskRunTimeoutError):
        slow()
    assert session.outbox.drain(5)
    [states] = fake.states_of_task_runs().values()
    assert states == ["Pending", "Running", "Retrying", "TimedOut"]


def test_a_submitted_task_that_took_too_long_has_timed_out() -> None:
    @task(timeout_seconds=0.001)
    def slow() -> None:
        time.sleep(0.01)

    @task(timeout_seconds=0.01)
    async def slow_async() -> None:
        await asyncio.Event().wait()

    @flow
    def submits() -> list[str]:
        futures = [slow.submit(), slow_async.submit()]
        for future in futures:
            future.wait()
        return [future.state.name for future in futures]

    assert submits() == ["TimedOut", "TimedOut"]


def test_the_limit_of_a_flow_ends_a_task_in_it_without_retries(
    fake: FakeOrchestration, session: Session
) -> None:
    @task(retries=5)
    def slow() -> None:
        hang()

    @flow(timeout_seconds=0.05)
    def outer() -> None:
        slow()

    with pytest.raises(FlowRunTimeoutError):
        outer()
    assert fake.states_of_run("outer")[-1] == "TimedOut"
    [states] = fake.states_of_task_runs().values()
    assert states == ["Pending", "Running", "Failed"]


def test_a_flow_that_cannot_be_interrupted_ends_at_its_next_task(fake: FakeOrchestration) -> None:
    reached: list[str] = []

    @task
    def next_task() -> None:
        reached.append("task")

    @flow(timeout_seconds=0.01)
    def slow() -> None:
        time.sleep(0.02)
        next_task()

    with ThreadPoolExecutor(1) as thread, pytest.raises(FlowRunTimeoutError):
        thread.submit(_in_this_context(slow)).result()
    assert reached == []


def test_a_generator_flow_is_held_to_its_limit_between_values(fake: FakeOrchestration) -> None:
    @flow(timeout_seconds=0.01)
    def slow() -> Any:
        while True:
            time.sleep(0.005)
            yield 1

    with pytest.raises(FlowRunTimeoutError):
        list(slow())
    assert fake.states_of_run("slow")[-1] == "TimedOut"


def _in_this_context(function: Any) -> Any:
    import contextvars  # noqa: PLC0415

    context = contextvars.copy_context()
    return lambda: context.run(function)
