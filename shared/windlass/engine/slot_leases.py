"""Keeps the leases of slots alive: one thread for all leases of a process."""

import os
import threading
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Final
from uuid import UUID

from windlass.engine.ports import Orchestration
from windlass.exceptions import ApiError, LeaseLost, ServerUnreachable, Superseded
from windlass.logging.loggers import get_logger

_RENEWALS_PER_TERM: Final = 3


class KeptLease:
    """A lease that is renewed until it is dropped, or lost."""

    def __init__(
        self,
        orchestration: Orchestration,
        id: UUID,
        seconds: float,
        lost: Callable[[Exception], None],
    ) -> None:
        self._orchestration = orchestration
        self._id = id
        self._seconds = seconds
        self._lost = lost
        self._end = monotonic() + seconds
        self._is_dropped = threading.Event()
        self.due = monotonic() + seconds / _RENEWALS_PER_TERM

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to renew any more."""
        return self._is_dropped.is_set()

    def drop(self) -> None:
        """Renew no more."""
        self._is_dropped.set()

    def renew(self) -> None:
        """Renew once. The lease is lost when the server says so, or was silent for a whole term.

        It says so as well to an execution that another one superseded.
        """
        asked = monotonic()
        self.due = asked + self._seconds / _RENEWALS_PER_TERM
        try:
            self._orchestration.renew_slots(self._id, self._seconds)
        except (LeaseLost, Superseded) as error:
            self._lose(error)
        except (ApiError, ServerUnreachable) as error:
            if monotonic() >= self._end:
                self._lose(error)
            elif not self.is_over:
                get_logger("concurrency").warning("A lease was not renewed: %s", error)
        else:
            self._end = asked + self._seconds

    def _lose(self, error: Exception) -> None:
        if not self.is_over:
            self.drop()
            self._lost(error)


class LeaseKeeper:
    """Renews leases when they are due. Its thread lives as long as there are any."""

    def __init__(self) -> None:
        self._leases: list[KeptLease] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def keep(
        self,
        orchestration: Orchestration,
        id: UUID,
        seconds: float,
        lost: Callable[[Exception], None],
    ) -> KeptLease:
        """Renew the lease at every third of its term. `lost` is called on the thread here."""
        lease = KeptLease(orchestration, id, seconds, lost)
        with self._changed:
            self._leases.append(lease)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="windlass-slot-leases", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return lease

    def _run(self) -> None:
        while (due := self._due()) is not None:
            for lease in due:
                lease.renew()

    def _due(self) -> list[KeptLease] | None:
        """The leases to renew now, once there are any; None when there are no leases at all."""
        with self._changed:
            while True:
                self._leases = [lease for lease in self._leases if not lease.is_over]
                if not self._leases:
                    self._thread = None
                    return None
                now = monotonic()
                if due := [lease for lease in self._leases if lease.due <= now]:
                    return due
                self._changed.wait(min(lease.due for lease in self._leases) - now)


def keeper_of_process() -> LeaseKeeper:
    """The keeper of this process. What a parent held before a fork is not its child's to renew."""
    return _keeper(os.getpid())


@cache
def _keeper(process_id: int) -> LeaseKeeper:
    del process_id
    return LeaseKeeper()
