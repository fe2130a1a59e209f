"""Sends what a process has to tell in the background, in order, until it is acknowledged."""

import atexit
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from windlass.reporting.complaints import complain
from windlass.reporting.dead_letters import DeadLetters
from windlass.reporting.delivery import Courier, Post, pauses
from windlass.reporting.lanes import Batch, Lane, Limits
from windlass.reporting.overflow import Overflow
from windlass.reporting.records import TaskRunRecord, take_report
from windlass.reporting.routes import EVENTS_ROUTE, LOGS_ROUTE, REPORTS_ROUTE, Route
from windlass.reporting.spool import Spool
from windlass.schemas.base import JsonObject

T = TypeVar("T")

REPORTS: Final = Limits(batch=250, interval=0.2, capacity=50_000)
EVENTS: Final = Limits(batch=100, interval=0.2, capacity=10_000)
LOGS: Final = Limits(batch=1_000, interval=2.0, capacity=50_000)
_SECONDS_TO_END: Final = 1.0
_PAUSE_WHEN_FULL: Final = 0.05


MakeLine: TypeAlias = Callable[[], JsonObject]
"""Makes the JSON of an item, in the thread that sends it."""


class Outbox:
    """Task runs, events and logs on their way to the API.

    Putting something in is one append, and costs the caller no lock and no wait, but for one case:
    who finds more runs or events unsent than may be held waits for the API, as a question would.
    Logs beyond `logs` are dropped, and counted. The thread starts with the first item; at the exit
    of the process it has `shutdown_seconds` to be rid of the rest.

    While the API takes what is sent, all is in memory: a process that is killed loses the lines of
    the last interval (0.2 s of task runs and events, 2 s of logs), and those being sent. What the
    API does not take goes into `spool`, and what comes behind it, until all of it is told; what is
    left there at the end can be adopted. `refused` is the folder of what it will never take.
    """

    def __init__(
        self,
        post: Post,
        *,
        reports: Limits = REPORTS,
        logs: Limits = LOGS,
        shutdown_seconds: float = 15.0,
        spool: Spool | None = None,
        refused: Path | None = None,
    ) -> None:
        self._reports = Lane(REPORTS_ROUTE, take_report, reports)
        self._events = Lane[MakeLine](EVENTS_ROUTE, _made, EVENTS)
        self._logs = Lane[JsonObject](LOGS_ROUTE, _as_it_is, logs)
        self._lanes: tuple[Lane[Any], ...] = (self._reports, self._events, self._logs)
        self._refused = DeadLetters(refused)
        self._courier = Courier(post, self._refused)
        limits = [(lane.route, lane.limits) for lane in self._lanes]
        self._overflow = Overflow(spool, self._courier, self._refused, limits)
        self._shutdown_seconds = shutdown_seconds
        self._dropped_logs = 0
        self._something = threading.Event()
        self._at_once = threading.Event()
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self._in_flight: tuple[Lane[Any], list[JsonObject]] | None = None
        self._is_taken_over = False
        self._is_empty = True

    def report(self, record: TaskRunRecord) -> None:
        """Send what `record` has not sent yet."""
        if record.is_queued:
            return
        record.is_queued = True
        self._put_when_there_is_room(self._reports, record)

    def event(self, make: MakeLine) -> None:
        """Send an event: `make` gives its fields, and may take its time to complete them."""
        self._put_when_there_is_room(self._events, make)

    def log(self, line: JsonObject) -> None:
        """Send a line of a log: the fields of a `LogCreate`."""
        if self._logs.is_full:
            self._dropped_logs += 1
        else:
            self._put(self._logs, line)

    def drain(self, timeout: float) -> bool:
        """Send everything that is here now, and wait until it is acknowledged.

        False when that takes longer than `timeout` seconds; the rest is then still on its way.
        """
        deadline = time.monotonic() + timeout
        marks = [lane.mark() for lane in self._lanes if self._has_something(lane)]
        if marks:
            self._wake(at_once=True)
        return all([mark.wait(max(0.0, deadline - time.monotonic())) for mark in marks])

    def close(self, timeout: float | None = None) -> bool:
        """Drain, then end the thread. False when something was left behind: where, is told."""
        if self._closed.is_set():
            return self._is_empty
        drained = self.drain(self._shutdown_seconds if timeout is None else timeout)
        self._closed.set()
        self._something.set()
        self._at_once.set()
        if self._thread is not None:
            self._thread.join(_SECONDS_TO_END)
        atexit.unregister(self.close)
        with self._turn:
            # From here on, what is in flight is not the thread's to keep.
            self._is_taken_over = True
            rest = self._rest()
        self._is_empty = drained
        self._overflow.close(rest, _SECONDS_TO_END)
        if self._dropped_logs:
            complain(f"{self._dropped_logs} log lines were dropped: the server was too slow")
        return drained

    def abandon(self) -> None:
        """Send nothing from here: in the child of a fork, it is all still the parent's."""
        # A new one: a thread that there is only in the parent may hold the lock of the old one.
        self._closed = threading.Event()
        self._closed.set()
        self._overflow.abandon()
        atexit.unregister(self.close)

    def _has_something(self, lane: Lane[Any]) -> bool:
        return bool(lane.items) or not lane.is_idle or self._overflow.holds(lane.route)

    def _put_when_there_is_room(self, lane: Lane[T], item: T) -> None:
        while lane.is_full and not self._closed.wait(0.05):
            self._wake(at_once=True)
        self._put(lane, item)

    def _put(self, lane: Lane[T], item: T) -> None:
        lane.items.append(item)
        if not self._something.is_set():
            self._wake()
        if lane.has_batch:
            self._at_once.set()

    def _wake(self, *, at_once: bool = False) -> None:
        self._something.set()
        if at_once:
            self._at_once.set()
        if self._thread is None:
            with self._starting:
                self._start()

    def _start(self) -> None:
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="windlass-outbox", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._something.wait()
            self._linger()
            # Cleared before the lanes are read: what is put in from here on sets them again.
            self._something.clear()
            self._at_once.clear()
            for lane in self._lanes:
                self._send_all(lane)
            if any(lane.items for lane in self._lanes):
                self._something.set()

    def _linger(self) -> None:
        now = time.monotonic()
        open_lanes = [lane for lane in self._lanes if self._overflow.has_room(lane.route)]
        dues = [due for lane in open_lanes if (due := lane.due(now)) is not None]
        if not dues:
            self._closed.wait(_PAUSE_WHEN_FULL)
        elif min(dues) > now:
            self._at_once.wait(min(dues) - now)

    def _send_all(self, lane: Lane[Any]) -> None:
        while self._overflow.has_room(lane.route):
            with self._turn:
                batch = None if self._closed.is_set() else lane.take(time.monotonic())
                if batch is None:
                    return
                self._in_flight = lane, batch.lines
            if not self._deliver(lane, batch):
                return

    def _deliver(self, lane: Lane[Any], batch: Batch) -> bool:
        """Send a batch, or put it into the spool; without one, try until it is taken.

        False when the outbox was closed first.
        """
        lines = batch.lines
        for pause in pauses():
            if not self._overflow.is_behind(lane.route):
                settled, _ = self._courier.send(lane.route, lines)
                lines = lines[settled:]
            with self._turn:
                if self._is_taken_over:
                    return False
                self._in_flight = lane, lines
                if self._is_off(lane, lines, batch):
                    self._in_flight = None
                    lane.handed_on(batch)
                    return True
            if self._closed.wait(pause):
                return False
        raise AssertionError("there is always another pause")

    def _is_off(self, lane: Lane[Any], lines: list[JsonObject], batch: Batch) -> bool:
        """Whether nothing of the batch is left to do here."""
        if lines or self._overflow.holds(lane.route):
            return self._overflow.keep(lane.route, lines, batch.mark)
        if batch.mark is not None:
            batch.mark.set()
        return True

    def _rest(self) -> list[tuple[Route, list[JsonObject]]]:
        """What is still in memory, in order."""
        rest: list[tuple[Route, list[JsonObject]]] = []
        for lane in self._lanes:
            lines = self._in_flight[1] if self._in_flight and self._in_flight[0] is lane else []
            lines = [*lines, *lane.rest()]
            if lines:
                rest.append((lane.route, lines))
        return rest


def _as_it_is(line: JsonObject) -> JsonObject:
    return line


def _made(make: MakeLine) -> JsonObject | None:
    try:
        return make()
    except Exception as error:
        # The thread has more to send than what failed here.
        complain(f"an event is lost: {type(error).__name__}: {error}")
        return None
