"""Public: where the lines of logs go."""

import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from windlass.context import current_scope
from windlass.exceptions import MissingContextError
from windlass.ids import uuid7
from windlass.reporting.current import current_outbox
from windlass.schemas.base import JsonObject

WhenMissingFlow: TypeAlias = Literal["warn", "error", "ignore"]

_CUT: Final = "... (cut: longer than WINDLASS_LOGGING_TO_API_MAX_LOG_SIZE)"


class APILogHandler(logging.Handler):
    """Puts lines that belong to a run into the outbox of the process: it neither waits nor raises.

    Which run that is, the line says, or the place where it was logged. `when_missing_flow` says
    what to do with one that belongs to none: it is not sent.
    """

    def __init__(
        self, *, max_log_size: int = 1_000_000, when_missing_flow: WhenMissingFlow = "warn"
    ) -> None:
        super().__init__()
        self._max_log_size = max_log_size
        self._when_missing_flow = when_missing_flow

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line."""
        flow_run_id, task_run_id = _run_ids(record)
        outbox = current_outbox()
        if flow_run_id is None and task_run_id is None:
            self._complain(record)
        elif outbox is not None:
            outbox.log(self.prepare(record, flow_run_id, task_run_id))

    def prepare(
        self, record: logging.LogRecord, flow_run_id: str | None, task_run_id: str | None
    ) -> JsonObject:
        """The line as a `LogCreate`, cut to the maximal size."""
        message = self.format(record)
        if len(message) > self._max_log_size:
            message = message[: self._max_log_size - len(_CUT)] + _CUT
        return {
            # A batch whose answer got lost is sent again: its lines are not to be there twice.
            "id": uuid7(),
            "name": record.name,
            "level": record.levelno,
            "message": message,
            "timestamp": datetime.fromtimestamp(record.created, UTC),
            "flow_run_id": flow_run_id,
            "task_run_id": task_run_id,
        }

    def _complain(self, record: logging.LogRecord) -> None:
        message = (
            f"A line of the logger {record.name!r} belongs to no run, so that it is not sent to "
            "the API. Log inside of a flow, or set WINDLASS_LOGGING_TO_API_WHEN_MISSING_FLOW."
        )
        if self._when_missing_flow == "error":
            raise MissingContextError(message)
        if self._when_missing_flow == "warn":
            warnings.warn(message, stacklevel=8)


class WindlassConsoleHandler(logging.Handler):
    """Writes lines to what is `sys.stderr` at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            # What `logging` does with any handler's error: prints it, and goes on.
            self.handleError(record)


def _run_ids(record: logging.LogRecord) -> tuple[str | None, str | None]:
    """The flow run and the task run that the line belongs to: as it says, or as its place does."""
    about: dict[str, Any] = record.__dict__
    said = about.get("flow_run_id"), about.get("task_run_id")
    if said != (None, None):
        return said
    flow, task = current_scope()
    return (
        None if flow is None else str(flow.flow_run.id),
        None if task is None else str(task.record.id),
    )
