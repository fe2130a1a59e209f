"""The times of a task run, as its reported states tell them."""

from datetime import datetime, timedelta
from typing import Final

from windlass.schemas.reports import ReportedState
from windlass.schemas.states import TERMINAL_STATES, StateType


class TaskRunTimes:
    """The times of a task run as its reported states pass by.

    A run that was reported before brings no times of its earlier attempts: the recorder keeps the
    first start and adds up what it has, so what is unknown here is left out, not guessed.
    """

    __slots__ = ("_is_known", "_running_since", "end", "expected_start", "start", "total")

    def __init__(self, previous: ReportedState | None) -> None:
        self._is_known: Final = previous is None
        self._running_since = (
            previous.timestamp if previous and previous.type is StateType.RUNNING else None
        )
        self.expected_start: datetime | None = None
        self.start = self._running_since
        self.end: datetime | None = None
        self.total = timedelta()

    def enter(self, state: ReportedState) -> None:
        """The run is in `state` now."""
        if self._running_since is not None:
            self.total += state.timestamp - self._running_since
        is_running = state.type is StateType.RUNNING
        self._running_since = state.timestamp if is_running else None
        if is_running and self.start is None:
            self.start = state.timestamp
        if self._is_known and self.expected_start is None:
            self.expected_start = state.timestamp
        self.end = state.timestamp if state.type in TERMINAL_STATES else None
