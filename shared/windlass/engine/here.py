"""Carrying out a description where it is asked for, in synchronous code or in asynchronous code."""

from collections.abc import Callable
from typing import TypeVar, cast

from windlass.dispatch import is_async_here
from windlass.engine.drivers import drive, drive_async
from windlass.engine.effects import Description
from windlass.engine.process import current_session
from windlass.engine.session import Session

T = TypeVar("T")


def carry_out(describe: Callable[[Session], Description[T]]) -> T:
    """What came of it; in asynchronous code, a coroutine that has to be awaited for it.

    A type checker sees the synchronous form, as of all functions that have both.
    """
    session = current_session()
    if is_async_here():
        return cast("T", drive_async(describe(session), session))
    return drive(describe(session), session)


async def carry_out_async(describe: Callable[[Session], Description[T]]) -> T:
    """The same, in asynchronous code alone."""
    session = current_session()
    return await drive_async(describe(session), session)


def carry_out_sync(describe: Callable[[Session], Description[T]]) -> T:
    """The same on this thread, whatever the code around is."""
    session = current_session()
    return drive(describe(session), session)
