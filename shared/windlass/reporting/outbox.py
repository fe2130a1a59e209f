"""Sends what a process has to tell in the background, in order, until it is acknowledged."""

import atexit
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from windlass.exceptions import ApiError, ServerUnreachable
from windlass.reporting.lanes import Lane, Limits
from windlass.reporting.records import TaskRunRecord, take_report
from windlass.schemas.base import JsonObject, JsonValue

T = TypeVar("T")

REPORTS: Final = Limits(batch=250, interval=0.2, capacity=50_000)
EVENTS: Final = Limits(batch=100, interval=0.2, capacity=10_000)
LOGS: Final = Limits(batch=1_000, interval=2.0, capacity=50_000)
_LONGEST_PAUSE: Final = 10.0
_WORTH_REPEATING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ONE_LINE_IS_TO_BLAME: Final = frozenset({400, 413, 422})


MakeLine: TypeAlias = Callable[[], JsonObject]
"""Makes the JSON of an item, in the thread that sends it."""


class Post(Protocol):
    """Sends one body to one route. Raises ApiError if it is refused, or ServerUnreachable."""

    def __call__(self, path: str, body: JsonValue) -> None: ...


class Outbox:
    """Task runs, events and logs on their way to the API.

    Putting something in is one append, and costs the caller no lock and no wait, but for one case:
    who finds more runs or events unsent than may be held waits for the API, as a question would.
    Logs beyond `logs` are dropped, and counted. The thread starts with the first item; at the exit
    of the process it has `shutdown_seconds` to be rid of the rest.
    """

    def __init__(
        self,
        post: Post,
        *,
        reports: Limits = REPORTS,
        logs: Limits = LOGS,
        shutdown_seconds: float = 15.0,
    ) -> None:
        self._post = post
        self._reports = Lane("/task_runs/report", take_report, _reports_body, reports)
        self._events = Lane[MakeLine]("/events", _made, _as_they_are, EVENTS)
        self._logs = Lane[JsonObject]("/logs/", _as_it_is, _as_they_are, logs)
        self._lanes: tuple[Lane[Any], ...] = (self._reports, self._events, self._logs)
        self._shutdown_seconds = shutdown_seconds
        self._dropped_logs = 0
        self._something = threading.Event()
        self._at_once = threading.Event()
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

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
        marks = [lane.mark() for lane in self._lanes if lane.items or not lane.is_idle]
        if marks:
            self._wake(at_once=True)
        return all([mark.wait(max(0.0, deadline - time.monotonic())) for mark in marks])

    def close(self, timeout: float | None = None) -> bool:
        """Drain, then end the thread. False when something was left behind."""
        drained = self.drain(self._shutdown_seconds if timeout is None else timeout)
        if not drained:
            _complain(
                "some task runs, events or logs did not reach the server before this process ended"
            )
        if self._dropped_logs:
            _complain(f"{self._dropped_logs} log lines were dropped: the server was too slow")
        self._closed.set()
        self._something.set()
        self._at_once.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
        atexit.unregister(self.close)
        return drained

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
        dues = [due for lane in self._lanes if (due := lane.due(now)) is not None]
        if dues and min(dues) > now:
            self._at_once.wait(min(dues) - now)

    def _send_all(self, lane: Lane[T]) -> None:
        while (batch := lane.take(time.monotonic())) is not None:
            if batch.lines and not self._deliver(lane, batch.lines):
                return
            lane.acknowledge(batch)

    def _deliver(self, lane: Lane[T], lines: list[JsonObject]) -> bool:
        """Post `lines` until they are answered; a refused batch is halved to find the culprit.

        False when the outbox was closed first.
        """
        for pause in _pauses():
            try:
                self._post(lane.path, lane.body(lines))
            except Exception as error:
                if not _may_pass(error):
                    return self._refused(lane, lines, error)
                if self._closed.wait(pause):
                    return False
            else:
                return True
        raise AssertionError("there is always another pause")

    def _refused(self, lane: Lane[T], lines: list[JsonObject], error: Exception) -> bool:
        if len(lines) > 1 and _is_about_one_line(error):
            middle = len(lines) // 2
            first, second = lines[:middle], lines[middle:]
            return self._deliver(lane, first) and self._deliver(lane, second)
        _complain(f"{len(lines)} lines for {lane.path} are lost: {type(error).__name__}: {error}")
        return True


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.details.get("status", error.status) in _WORTH_REPEATING
    return isinstance(error, ServerUnreachable)


def _is_about_one_line(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.details.get("status", error.status) in _ONE_LINE_IS_TO_BLAME
    return True


def _complain(sentence: str) -> None:
    # Not a log record: it would end up in the outbox again.
    sys.stderr.write(f"windlass: {sentence}.\n")


def _pauses() -> Iterator[float]:
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def _reports_body(lines: list[JsonObject]) -> JsonValue:
    return {"reports": lines}


def _as_they_are(lines: list[JsonObject]) -> JsonValue:
    return lines


def _as_it_is(line: JsonObject) -> JsonObject:
    return line


def _made(make: MakeLine) -> JsonObject | None:
    try:
        return make()
    except Exception as error:
        # The thread has more to send than what failed here.
        _complain(f"an event is lost: {type(error).__name__}: {error}")
        return None
