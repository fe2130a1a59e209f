"""Stops the flow run in this process from outside: SIGTERM, or a word of the server."""

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import Enum
from types import FrameType

from windlass.exceptions import TerminationSignal


class StopReason(Enum):
    """Why a flow run has to stop."""

    TERMINATED = "terminated"
    """The process got SIGTERM: the run crashed."""
    CANCELLED = "cancelled"
    """Somebody wants the run cancelled."""
    SUPERSEDED = "superseded"
    """Another execution owns the run: this one may write nothing any more."""


class Stop:
    """Whether the flow run in the main thread has to stop, and why. The first reason counts.

    A run that is suspended (`suspend`) is not stopped: it stops by itself before its next task.

    Where something else in the process handles SIGTERM, such as a web server, it stays with that,
    unless the process is there for this run alone (`owns_process`).
    """

    def __init__(self, *, owns_process: bool = False) -> None:
        self.reason: StopReason | None = None
        self.is_suspended = False
        self._owns_process = owns_process
        self._cancel: Callable[[], object] | None = None
        self._was_delivered = False
        self._takes_signals = False

    def request(self, reason: StopReason) -> None:
        """Stop the run: from any thread, and wherever it is."""
        self.reason = self.reason or reason
        if self._takes_signals:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def suspend(self) -> None:
        """Let the run go no further than to its next task."""
        self.is_suspended = True

    def cancel_with(self, cancel: Callable[[], object]) -> None:
        """Stop by calling `cancel`, instead of raising an exception wherever the thread is."""
        self._cancel = cancel

    @contextmanager
    def on_sigterm(self) -> Generator[None]:
        """Take SIGTERM as a request to stop in the block, if it is in the main thread."""
        if threading.current_thread() is not threading.main_thread() or self._is_taken():
            yield
            return
        previous = signal.signal(signal.SIGTERM, self._deliver)
        self._takes_signals = True
        try:
            yield
        finally:
            self._takes_signals = False
            signal.signal(signal.SIGTERM, previous)

    def _is_taken(self) -> bool:
        return not self._owns_process and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL

    def _deliver(self, signum: int, frame: FrameType | None) -> None:
        self.reason = self.reason or StopReason.TERMINATED
        if self._was_delivered:
            # Again, while the run says how it ended: that has to be said first.
            return
        self._was_delivered = True
        if self._cancel is not None:
            self._cancel()
        else:
            raise TerminationSignal()


def die_of_sigterm() -> None:
    """End this process as SIGTERM does, so that its parent sees a signal and not an exit status."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGTERM)
