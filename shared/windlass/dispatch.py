"""Functions that are called in synchronous code, and awaited in asynchronous code."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from windlass.utilities.asyncutils import run_coro_as_sync

P = ParamSpec("P")
R = TypeVar("R")


def dispatched(fn: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """A function that does what the coroutine function `fn` does, also in synchronous code.

    In a running event loop it returns the coroutine, to be awaited; a synchronous flow or task is
    synchronous code whatever runs around it. A type checker sees the synchronous form.
    """

    @wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        coroutine = fn(*args, **kwargs)
        return cast("R", coroutine) if is_async_here() else run_coro_as_sync(coroutine)

    return call


def is_async_here() -> bool:
    """Whether the code that calls is asynchronous: it can await what it is given."""
    import asyncio  # noqa: PLC0415 (25 ms, which a module of flows does not pay)

    from windlass.context import current_scope  # noqa: PLC0415

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    flow, task = current_scope()
    if task is not None:
        return task.task.isasync
    return flow is None or flow.flow.isasync
