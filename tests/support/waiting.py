"""Waiting for a fact instead of sleeping."""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

ResultT = TypeVar("ResultT")

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1


def wait_until(
    predicate: Callable[[], ResultT], *, timeout: float = 30.0, description: str
) -> ResultT:
    """Ask `predicate` until its answer is true and return that answer.

    Raises `TimeoutError`, naming `description` and the last answer, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            raise _too_late(description, timeout, answer)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return answer


async def await_until(
    predicate: Callable[[], Awaitable[ResultT]], *, timeout: float = 30.0, description: str
) -> ResultT:
    """`wait_until` for a coroutine function, without holding up the event loop."""
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while not (answer := await predicate()):
        if time.monotonic() > deadline:
            raise _too_late(description, timeout, answer)
        await anyio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return answer


def _too_late(description: str, timeout: float, answer: object) -> TimeoutError:
    return TimeoutError(f"waited {timeout:g} s for {description}; the last answer was {answer!r}")
