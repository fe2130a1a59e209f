"""Public: from synchronous code into asynchronous code."""

import contextvars
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run_coro_as_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end and return its result, also where an event loop is running.

    There, it runs in a loop of its own on another thread while this one waits; it sees the
    context variables of the caller.
    """
    import asyncio  # noqa: PLC0415 (25 ms, which synchronous code does not pay)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, "windlass-run-coroutine") as other_thread:
        return other_thread.submit(context.run, asyncio.run, coroutine).result()
