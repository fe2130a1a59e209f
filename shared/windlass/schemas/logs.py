"""Logs: what runs and workers print and log."""

from typing import Annotated, Final, TypeAlias
from uuid import UUID

from pydantic import AfterValidator

from windlass.schemas.base import Shape, Stored, Timestamp


def _kept(level: int) -> int:
    return max(-_HIGHEST - 1, min(level, _HIGHEST))


_HIGHEST: Final = 2**15 - 1

Level: TypeAlias = Annotated[int, AfterValidator(_kept)]
"""A number of Python's logging. One beyond 16 bits counts as the last of them: a program that
made up its own levels must not lose its lines."""


class LogCreate(Shape):
    """A line to log. `name` is the logger's.

    With an `id` of its own it is stored once, however often it is sent.
    """

    id: UUID | None = None
    name: str
    level: Level
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
