"""Functions that are called in synchronous code, and awaited in asynchronous code."""

import inspect
from collections.abc import Awaitable
from typing import cast

import anyio
import anyio.lowlevel

from windlass import flow, task
from windlass.dispatch import dispatched


async def adouble(number: int) -> int:
    """Twice the number."""
    await anyio.lowlevel.checkpoint()
    return 2 * number


double = dispatched(adouble)


def test_it_is_called_in_synchronous_code() -> None:
    assert double(2) == 4


async def test_it_is_awaited_in_asynchronous_code() -> None:
    answer: object = double(2)
    assert inspect.isawaitable(answer)
    assert await cast("Awaitable[int]", answer) == 4


async def test_a_synchronous_flow_calls_it_whatever_runs_around_it() -> None:
    @flow
    def a_flow() -> int:
        return double(3)

    assert a_flow() == 6


def test_an_asynchronous_flow_and_task_await_it() -> None:
    @task
    async def a_task() -> int:
        return await cast("Awaitable[int]", double(4))

    @flow
    async def a_flow() -> int:
        return await cast("Awaitable[int]", double(1)) + await a_task()

    assert anyio.run(a_flow) == 10


def test_it_says_what_the_coroutine_function_says() -> None:
    assert double.__doc__ == "Twice the number."
