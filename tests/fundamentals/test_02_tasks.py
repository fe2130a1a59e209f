"""Tasks: steps of a flow, each with a record of its own."""

import asyncio
from collections.abc import Generator

import pytest

from tests.support.api_under_test import ApiUnderTest
from windlass import allow_failure, flow, tags, task, unmapped
from windlass.exceptions import MappingLengthMismatch, UpstreamTaskError
from windlass.futures import as_completed, wait
from windlass.task_runners import ThreadPoolTaskRunner


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@task
def fails() -> int:
    raise ValueError("I fail successfully")


def test_a_task_is_called_like_a_function(api: ApiUnderTest) -> None:
    """It runs here and now, and returns what the function returns."""

    @flow
    def sums() -> int:
        return add(add(1), 5)

    assert sums() == 7
    assert [run.states for run in api.task_runs("sums")] == [
        ["Pending", "Running", "Completed"]
    ] * 2


def test_a_task_needs_no_flow() -> None:
    """It may be called anywhere."""
    assert add(1) == 2


def test_any_function_can_be_made_a_task() -> None:
    """The decorator is a function."""
    assert task(len)("four") == 4


def test_a_task_may_be_async() -> None:
    """And several of them run side by side."""

    @task
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    @flow
    async def doubles() -> list[int]:
        return list(await asyncio.gather(double(1), double(2)))

    assert asyncio.run(doubles()) == [2, 4]


def test_a_task_may_yield() -> None:
    """A generator task is iterated over."""

    @task
    def count() -> Generator[int]:
        yield from range(3)

    @flow
    def total() -> int:
        return sum(count())

    assert total() == 3


def test_task_runs_have_names_and_tags(api: ApiUnderTest) -> None:
    """The name of the task and a suffix, or a template over the arguments."""

    @task(task_run_name="clean {table}", tags=["db"])
    def clean(table: str) -> None: ...

    @flow
    def nightly() -> None:
        add(1)
        with tags("night"):
            clean("orders")

    nightly()

    plain, named = api.task_runs("nightly")
    assert plain.name.startswith("add-")
    assert named.name == "clean orders"
    assert set(named.tags) == {"db", "night"}


def test_a_submitted_task_gives_a_future() -> None:
    """`submit` returns at once; `result` waits."""

    @flow
    def sums() -> int:
        return add.submit(1).result() + add.submit(2).result()

    assert sums() == 5


def test_a_future_is_replaced_by_its_result() -> None:
    """Wherever it is an argument, the task that gets it waits, and gets the value."""

    @flow
    def chain() -> int:
        first = add.submit(1)
        second = add.submit(first, y=first)  # pyright: ignore[reportArgumentType]
        return add(second, 0)  # pyright: ignore[reportArgumentType]

    assert chain() == 4


def test_an_async_task_is_submitted_like_any_other() -> None:
    """Without `await`, also from synchronous code."""

    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    def doubles() -> int:
        return double.submit(4).result()

    assert doubles() == 8


def test_map_submits_one_run_for_each_element() -> None:
    """What cannot be iterated over, and what is `unmapped`, is the same for all."""

    @task
    def plus_sum(x: int, static: list[int]) -> int:
        return x + sum(static)

    @flow
    def mapped() -> object:
        return add.map([1, 2, 3], 5).result(), plus_sum.map([4, 5], unmapped([1, 2])).result()

    assert mapped() == ([6, 7, 8], [7, 8])


def test_map_needs_iterables_of_one_length() -> None:
    """So that no element is forgotten silently."""

    @flow
    def mapped() -> None:
        add.map([1, 2], [1, 2, 3])

    with pytest.raises(MappingLengthMismatch):
        mapped()


def test_wait_and_as_completed_wait_for_many() -> None:
    """`wait` for all of them, `as_completed` for one after the other."""

    @flow
    def waits() -> object:
        futures = add.map([1, 2, 3])
        done, not_done = wait(futures)
        return len(done), len(not_done), sorted(f.result() for f in as_completed(futures))

    assert waits() == (3, 0, [2, 3, 4])


def test_one_failure_does_not_stop_the_others() -> None:
    """The state of a future says how its run ended."""

    @task
    def check(item: int) -> int:
        if item < 0:
            raise ValueError(item)
        return item

    @flow
    def batch() -> object:
        futures = check.map([1, -2, 3])
        wait(futures)
        return [future.state.name for future in futures]

    assert batch() == ["Completed", "Failed", "Completed"]


def test_the_result_of_a_failure_is_its_exception() -> None:
    """Raised, or handed over where that is asked for."""

    @flow
    def careful() -> object:
        with pytest.raises(ValueError, match="successfully"):
            fails.submit().result()
        return fails.submit().result(raise_on_failure=False)

    assert isinstance(careful(), ValueError)


def test_a_task_may_wait_for_others_without_their_results(api: ApiUnderTest) -> None:
    """`wait_for` makes an order where no data flows."""
    order: list[str] = []

    @task
    def note(what: str) -> None:
        order.append(what)

    @flow
    def ordered() -> None:
        first = note.submit("first")
        second = note.submit("second", wait_for=[first])
        note("third", wait_for=[second])

    ordered()

    assert order == ["first", "second", "third"]


def test_a_task_does_not_run_on_the_failure_of_another(api: ApiUnderTest) -> None:
    """It is never ready, unless it allows the failure: then it gets the exception."""

    @task
    def describe(value: object) -> str:
        return type(value).__name__

    @flow
    def chain() -> str:
        failed = fails.submit()
        with pytest.raises(UpstreamTaskError):
            describe.submit(failed).result()
        return describe(allow_failure(failed))

    assert chain() == "ValueError"
    assert ["Pending", "NotReady"] in [run.states for run in api.task_runs("chain")]


def test_the_task_runner_of_a_flow_limits_its_threads() -> None:
    """It belongs to the flow, and every run has one of its own."""

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def narrow() -> list[int]:
        return add.map(range(5)).result()

    assert narrow() == [1, 2, 3, 4, 5]
