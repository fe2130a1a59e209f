"""Submitted tasks: threads, an event loop, and what becomes of those nobody waits for."""

import asyncio
import threading
from typing import Any

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from tests.support.waiting import wait_until
from windlass import flow, task, unmapped
from windlass.context import FlowRunContext
from windlass.engine.session import Session
from windlass.exceptions import ConfigurationError, MissingContextError
from windlass.futures import WindlassFuture, as_completed, wait
from windlass.task_runners import ThreadPoolTaskRunner


@task
def add(x: int, y: int = 1) -> int:
    return x + y


def test_no_more_tasks_run_at_once_than_there_are_workers() -> None:
    running, most, lock = 0, 0, threading.Lock()

    @task
    def count(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.005)
        with lock:
            running -= 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def mapped() -> None:
        count.map(range(12)).wait()

    mapped()
    assert most == 2


def test_async_tasks_share_a_loop_and_the_limit() -> None:
    running, most = 0, 0
    loops: set[Any] = set()

    @task
    async def count(_: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0.005)
        running -= 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
    def mapped() -> None:
        count.map(range(12)).wait()

    mapped()
    assert most == 3
    assert len(loops) == 1


def test_a_run_that_waits_for_others_takes_no_thread() -> None:
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def chain() -> int:
        gate = threading.Event()

        @task
        def opens(_: object) -> None:
            gate.set()

        @task
        def passes() -> int:
            assert gate.wait(10)
            return 1

        # With one thread, this ends only if the waiting run leaves the thread to the other.
        first = add.submit(1)
        waiting = add.submit(1, wait_for=[opens.submit(first)])
        return waiting.result() + passes.submit().result()

    assert chain() == 3


def test_a_task_may_map_over_others_on_the_same_runner() -> None:
    @task
    def outer(n: int) -> int:
        return sum(add.map(range(n)).result())

    @flow
    def nested() -> list[int]:
        return outer.map([1, 2, 3]).result()

    assert nested() == [1, 3, 6]


def test_runs_that_nobody_waited_for_are_cancelled(
    fake: FakeOrchestration, session: Session
) -> None:
    gate = threading.Event()

    @task
    def holds() -> None:
        gate.wait(10)

    @task
    def never() -> None:
        pytest.fail("it must not run")

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def forgetful() -> None:
        first = holds.submit()
        wait_until(lambda: first.state.name == "Running", description="the first to run")
        never.submit()
        never.submit(wait_for=[first])
        threading.Timer(0.05, gate.set).start()

    forgetful()
    assert session.outbox.drain(5)
    ends = [states[-1] for states in fake.states_of_task_runs().values()]
    assert sorted(ends) == ["Cancelled", "Cancelled", "Completed"]


def test_a_submitted_task_sees_the_context_it_was_submitted_in() -> None:
    @task
    def whose() -> Any:
        context = FlowRunContext.get()
        return context and context.flow_run.id

    @task
    async def whose_async() -> Any:
        context = FlowRunContext.get()
        return context and context.flow_run.id

    @flow
    def owner() -> bool:
        context = FlowRunContext.get()
        assert context is not None
        ids = {whose.submit().result(), whose_async.submit().result()}
        return ids == {context.flow_run.id}

    assert owner()


def test_generator_tasks_give_a_list_when_submitted() -> None:
    @task
    def count() -> Any:
        yield from range(3)

    @task
    async def count_async() -> Any:
        for number in range(3):
            yield number

    @flow
    def collect() -> Any:
        return count.submit().result(), count_async.submit().result()

    assert collect() == ([0, 1, 2], [0, 1, 2])


def test_futures_say_when_they_are_done() -> None:
    gate = threading.Event()

    @task
    def slow() -> int:
        gate.wait(10)
        return 1

    @flow
    def watch() -> None:
        late, soon = slow.submit(), add.submit(1)
        done, not_done = wait([late, soon], timeout=0.05)
        assert not_done == {late}
        assert soon in done
        with pytest.raises(TimeoutError):
            late.result(timeout=0.01)
        called: list[WindlassFuture[Any]] = []
        late.add_done_callback(called.append)
        threading.Timer(0.01, gate.set).start()
        assert set(as_completed([late, soon])) == {late, soon}
        assert late.result() == 1
        wait_until(lambda: called, description="the callback")

    watch()


def test_as_completed_gives_up_in_time() -> None:
    gate = threading.Event()

    @task
    def slow() -> None:
        gate.wait(10)

    @flow
    def watch() -> None:
        future = slow.submit()
        try:
            with pytest.raises(TimeoutError, match="1 of 1"):
                list(as_completed([future], timeout=0.01))
        finally:
            gate.set()
        future.wait()

    watch()


def test_a_future_in_a_map_counts_for_all_runs(fake: FakeOrchestration, session: Session) -> None:
    @task
    def numbers() -> list[int]:
        return [1, 2]

    @flow
    def mapped() -> list[int]:
        return add.map(numbers.submit(), unmapped(add.submit(9))).result()

    assert mapped() == [11, 12]
    assert session.outbox.drain(5)
    sources = [report.task_inputs for report in fake.reports if report.name.startswith("add")]
    assert sum("x" in inputs and len(inputs["x"]) == 1 for inputs in sources) == 2


def test_submitting_needs_a_flow_run_or_a_runner() -> None:
    with pytest.raises(MissingContextError, match="ThreadPoolTaskRunner"):
        add.submit(1)
    with ThreadPoolTaskRunner(max_workers=2) as runner:
        assert runner.submit(add, {"x": 1}).result() == 2
        assert runner.map(add, {"x": [1, 2]}).result() == [2, 3]
    with pytest.raises(ConfigurationError, match="closed"):
        runner.submit(add, {"x": 1})


def test_each_run_has_a_runner_of_its_own_configured_as_its_flow_says() -> None:
    configured = ThreadPoolTaskRunner(max_workers=3)
    seen: list[Any] = []

    def look() -> None:
        context = FlowRunContext.get()
        assert context is not None
        seen.append(context.task_runner)

    flow(look, task_runner=configured)()
    flow(look, task_runner=ThreadPoolTaskRunner)()

    assert seen[0] is not configured
    assert [runner.max_workers for runner in seen] == [3, None]


def test_what_is_no_task_runner_is_refused() -> None:
    with pytest.raises(TypeError, match="no task runner"):
        flow(lambda: None, task_runner="threads")()
    with pytest.raises(ConfigurationError, match="max_workers"):
        ThreadPoolTaskRunner(max_workers=0)
