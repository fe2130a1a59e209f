"""Keeps the lease of an execution alive, from a thread, and hears what is wanted of it."""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from windlass.engine.exit_codes import ExitCode
from windlass.engine.interrupts import Stop, StopReason
from windlass.engine.ports import Orchestration
from windlass.exceptions import ApiError, ServerUnreachable, Superseded
from windlass.logging.loggers import get_logger
from windlass.schemas.executions import Intent

_RENEWALS_PER_TERM: Final = 3
_SHORTEST_PAUSE: Final = 0.05
_SECONDS_TO_STOP: Final = 2.0
"""Less than the server waits before it lets the next execution begin."""


class HeldClaim:
    """An execution that owns a run, and its lease of `term` seconds.

    From `hold` to `release` the lease is renewed at every third of its term. When the server
    wants the run to be cancelled or suspended, or to stop because another execution owns it, `stop`
    is told. A server that does not answer changes nothing: the run goes on, and renews when it can
    again. But if it `gives_up`, it stops when a term went by without an answer, and its process is
    ended soon after: the server is about to let another execution begin.
    """

    def __init__(
        self,
        execution_id: str,
        term: float,
        orchestration: Orchestration,
        stop: Stop,
        *,
        gives_up: bool = False,
    ) -> None:
        self._execution_id = execution_id
        self._term = term
        self._orchestration = orchestration
        self._stop = stop
        self._gives_up = gives_up
        self._renewed_at: float | None = None
        self._released = threading.Event()

    @property
    def execution_id(self) -> str:
        return self._execution_id

    def hold(self) -> None:
        """Begin to renew; more than once is the same as once."""
        if self._renewed_at is None:
            self._renewed_at = time.monotonic()
            _in_thread(self._renew, "windlass-lease")
            if self._gives_up:
                # Not in the thread that renews: that one may be waiting for an answer.
                _in_thread(self._watch, "windlass-lease-end")

    def release(self) -> None:
        """Renew no more."""
        self._released.set()

    def _renew(self) -> None:
        while not self._released.wait(max(self._term / _RENEWALS_PER_TERM, _SHORTEST_PAUSE)):
            asked_at = time.monotonic()
            try:
                self._renew_once()
            except Superseded:
                self._obey(Intent.STOP)
            except (ApiError, ServerUnreachable) as error:
                get_logger("engine").warning("The lease of the run was not renewed: %s", error)
            else:
                self._renewed_at = asked_at

    def _watch(self) -> None:
        while (left := self._left()) > 0:
            if self._released.wait(left):
                return
        get_logger("engine").error("The lease of the run ended: it is left to its next execution.")
        self._stop.request(StopReason.SUPERSEDED)
        if not self._released.wait(_SECONDS_TO_STOP):
            # Code that heeds no signal, such as a long call into C, must not run beside the next.
            os._exit(ExitCode.SUPERSEDED)

    def _left(self) -> float:
        """Seconds of the term. It began when the renewal was answered, which is later."""
        return (self._renewed_at or 0.0) + self._term - time.monotonic()

    def _renew_once(self) -> None:
        for lease in self._orchestration.renew_leases([self._execution_id]).leases:
            if lease.execution_id == self._execution_id:
                self._term = lease.lease_seconds or self._term
                self._obey(lease.intent)

    def _obey(self, intent: Intent) -> None:
        match intent:
            case Intent.CANCEL:
                self._stop.request(StopReason.CANCELLED)
            case Intent.STOP:
                self._released.set()
                self._stop.request(StopReason.SUPERSEDED)
            case Intent.SUSPEND:
                self._stop.suspend()
            case Intent.NONE:
                pass


def _in_thread(work: Callable[[], None], name: str) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
