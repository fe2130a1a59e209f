"""Stops the code that holds slots, when their lease is over and it asked for that."""

import ctypes
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from windlass.exceptions import ConcurrencySlotAcquisitionError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task


class LeaseIsOver(BaseException):
    """Raised in the code that holds slots, wherever it is: it becomes the public error."""


class ThreadInterruption:
    """Raises LeaseIsOver in the thread that made this, as soon as that runs Python code again."""

    def __init__(self) -> None:
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._is_open = True
        self.reason: Exception | None = None

    def __call__(self, reason: Exception) -> None:
        """Interrupt, from any thread, unless it is closed."""
        with self._lock:
            if self._is_open:
                self.reason = reason
                _raise_in(self._thread_id, LeaseIsOver)

    def close(self) -> None:
        """Interrupt no more, nor later if that did not arrive yet."""
        with self._lock:
            self._is_open = False
            if self.reason is not None:
                _raise_in(self._thread_id, None)


class TaskInterruption:
    """Cancels the task that made this."""

    def __init__(self, task: "Task[object]", loop: "AbstractEventLoop") -> None:
        self._task = task
        self._loop = loop
        self._is_open = True
        self.reason: Exception | None = None

    def __call__(self, reason: Exception) -> None:
        """Interrupt, from any thread, unless it is closed, or its loop is."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._interrupt, reason)

    def close(self) -> None:
        """Interrupt no more."""
        self._is_open = False

    def _interrupt(self, reason: Exception) -> None:
        if self._is_open:
            self.reason = reason
            self._task.cancel()


def lease_lost(reason: Exception) -> ConcurrencySlotAcquisitionError:
    """What the code that held the slots gets to see."""
    return ConcurrencySlotAcquisitionError(
        f"The lease of the concurrency slots is over, and others may have them now: {reason}"
    )


def _raise_in(thread_id: int, error: type[BaseException] | None) -> None:
    raised = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), raised)
