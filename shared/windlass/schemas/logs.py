"""Logs: what runs and workers print and log."""

from uuid import UUID

from windlass.schemas.base import Shape, Stored, Timestamp


class LogCreate(Shape):
    """A line to log. `name` is the logger's, `level` is a number of Python's logging."""

    name: str
    level: int
    message: str
    timestamp: Timestamp
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class Log(Stored):
    """A line of a log."""

    name: str
    level: int
    message: str
    timestamp: Timestamp
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
