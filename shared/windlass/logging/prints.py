"""What is printed in a run that asks for it is logged."""

import builtins
import io
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from windlass.context import current_scope
from windlass.logging.loggers import logger_of

_print: Final[Callable[..., None]] = builtins.print


def print_as_log(*args: Any, **kwargs: Any) -> None:
    """`print` in a run that logs its prints: a line of the run's log.

    The same as `print` elsewhere, and where it prints to another file than stdout or stderr.
    """
    scope = current_scope()
    inner = scope.task or scope.flow
    to_file = kwargs.get("file") not in (None, sys.stdout, sys.stderr)
    if inner is None or not inner.log_prints or to_file:
        _print(*args, **kwargs)
        return
    text = io.StringIO()
    _print(*args, **{**kwargs, "file": text})
    logger_of(scope).info("%s", text.getvalue().rstrip("\n"))


@contextmanager
def patch_print() -> Generator[None]:
    """Let `print` be `print_as_log` in the block, and as long as other threads are in one."""
    _patch.enter()
    try:
        yield
    finally:
        _patch.leave()


class _Patch:
    """How many blocks there are; whoever put something else in place of `print` keeps it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0

    def enter(self) -> None:
        with self._lock:
            self._depth += 1
            if builtins.print is _print:
                builtins.print = print_as_log

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and builtins.print is print_as_log:
                builtins.print = _print


_patch: Final = _Patch()
