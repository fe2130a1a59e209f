"""Keeps the lease of an execution alive, from a thread, and hears what is wanted of it."""

import threading
from typing import Final

from windlass.engine.interrupts import Stop, StopReason
from windlass.engine.ports import Orchestration
from windlass.exceptions import ApiError, ServerUnreachable, Superseded
from windlass.logging.loggers import get_logger
from windlass.schemas.executions import Intent

_RENEWALS_PER_TERM: Final = 3
_SHORTEST_PAUSE: Final = 0.05


class HeldClaim:
    """An execution that owns a run, and its lease of `term` seconds.

    From `hold` to `release` the lease is renewed at every third of its term. When the server
    wants the run to be cancelled or suspended, or to stop because another execution owns it, `stop`
    is told. A
    server that does not answer changes nothing: the run goes on, and renews when it can again.
    """

    def __init__(
        self, execution_id: str, term: float, orchestration: Orchestration, stop: Stop
    ) -> None:
        self._execution_id = execution_id
        self._term = term
        self._orchestration = orchestration
        self._stop = stop
        self._released = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def execution_id(self) -> str:
        return self._execution_id

    def hold(self) -> None:
        """Begin to renew; more than once is the same as once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._renew, name="windlass-lease", daemon=True)
            self._thread.start()

    def release(self) -> None:
        """Renew no more."""
        self._released.set()

    def _renew(self) -> None:
        while not self._released.wait(max(self._term / _RENEWALS_PER_TERM, _SHORTEST_PAUSE)):
            try:
                self._renew_once()
            except Superseded:
                self._obey(Intent.STOP)
            except (ApiError, ServerUnreachable) as error:
                get_logger("engine").warning("The lease of the run was not renewed: %s", error)

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
