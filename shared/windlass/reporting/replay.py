"""Sends what was spooled, in order, from a thread, as soon as the API takes it again."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from windlass.exceptions import ServerBusy
from windlass.reporting.complaints import complain
from windlass.reporting.delivery import Courier, pauses
from windlass.reporting.lanes import Limits
from windlass.reporting.routes import Route
from windlass.reporting.spool import Spool

_IDLE_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Lane:
    """A route, how much of it is sent at once, and when to try again."""

    route: Route
    limits: Limits
    due: float = 0.0
    pauses: Iterator[float] = field(default_factory=pauses)


class Replay:
    """The thread that empties a spool. It starts when it is first woken, and ends when told to."""

    def __init__(self, spool: Spool, courier: Courier, lanes: list[tuple[Route, Limits]]) -> None:
        self._spool = spool
        self._courier = courier
        self._lanes = [_Lane(route, limits) for route, limits in lanes]
        self._something = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There is something in the spool."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="windlass-replay", daemon=True)
            self._thread.start()
        self._something.set()

    def close(self, timeout: float) -> bool:
        """Send no more. False when it still waits for an answer after `timeout` seconds."""
        self._closed = True
        self._something.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closed:
            held = [lane for lane in self._lanes if self._spool.holds(lane.route)]
            now = time.monotonic()
            due = [lane for lane in held if lane.due <= now]
            if not due:
                wait = min((lane.due - now for lane in held), default=_IDLE_SECONDS)
                self._something.wait(wait)
                # Cleared before the spool is looked at: what is kept from here on sets it again.
                self._something.clear()
            for lane in due:
                if not self._closed:
                    self._send(lane)

    def _send(self, lane: _Lane) -> None:
        """One batch, so that the lanes take turns."""
        file = self._spool.file(lane.route)
        assert file is not None
        settled = 0
        try:
            head = file.head(lane.limits.batch, lane.limits.batch_bytes)
            settled, trouble = self._courier.send(lane.route, head.lines)
            if settled:
                file.settle(head.ends[settled - 1])
        except OSError as error:
            complain(f"the spool {self._spool.folder} cannot be read: {error}")
            trouble = error
        if trouble is None and settled:
            lane.pauses = pauses()
        else:
            asked = trouble.retry_after if isinstance(trouble, ServerBusy) else 0.0
            lane.due = time.monotonic() + max(next(lane.pauses), asked)
