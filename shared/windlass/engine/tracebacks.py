"""Tracebacks as users want to read them: from the first line of their own code on."""

from types import TracebackType
from typing import TypeAlias

ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


def in_user_code(error: BaseException) -> ExceptionInfo:
    """`error` with its traceback from where the engine calls user code, for a log."""
    traceback = error.__traceback__
    while traceback is not None and _is_ours(traceback):
        traceback = traceback.tb_next
    return type(error), error, traceback or error.__traceback__


def _is_ours(traceback: TracebackType) -> bool:
    module = traceback.tb_frame.f_globals.get("__name__", "")
    return module.startswith("windlass.")
