"""How long user code may run."""

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


class FlowRunTimeoutError(TimeoutError):
    """The flow run took longer than its flow allows."""


class TaskRunTimeoutError(TimeoutError):
    """The task run took longer than its task allows."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """So many seconds; `expired` is raised when they are over."""

    seconds: float
    expired: TimeoutError

    @contextmanager
    def here(self) -> Generator[None]:
        """Hold the block to the limit.

        In the main thread the block is interrupted. Elsewhere Python cannot do that: it ends, and
        then the limit counts. Code that swallows the interruption does not escape the limit.
        """
        deadline = time.monotonic() + self.seconds
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
            with _alarm(deadline, self._raise):
                yield
        else:
            yield
        self.check(deadline)

    def check(self, deadline: float) -> None:
        """Raise `expired` if the deadline, by the monotonic clock, is over."""
        if time.monotonic() > deadline:
            raise self.expired

    def _raise(self, *_: Any) -> None:
        raise self.expired


@contextmanager
def _alarm(deadline: float, handler: Callable[[int, FrameType | None], Any]) -> Generator[None]:
    """Call `handler` at the deadline. An alarm that is set already and rings earlier stays set."""
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    others = time.monotonic() + left if left else None
    if others is not None and others <= deadline:
        yield
        return
    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, max(deadline - time.monotonic(), 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if others is not None:
            signal.setitimer(signal.ITIMER_REAL, max(others - time.monotonic(), 1e-6))
