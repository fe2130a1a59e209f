"""Teardowns: infrastructure of executions that are over, which a worker of the pool has to end."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from windlass.schemas.base import Shape
from windlass.schemas.executions import Handle
from windlass.schemas.fields import Positive

TEARDOWNS_HEADER: Final = "X-Windlass-Teardowns"
"""In the answer to a heartbeat: how many teardowns of the pool the worker may take now."""

TEARDOWNS_TOPIC: Final = "teardowns"
"""Under which teardowns that were given up are listed among the dead letters."""


class TeardownsToTake(Shape):
    """A worker asks for teardowns of its pool: those that can be done from its `place`."""

    worker_name: str
    place: str | None = None
    limit: Positive


class Teardown(Shape):
    """Infrastructure to end. `attempts` counts this one."""

    execution_id: str
    flow_run_id: UUID
    handle: Handle
    attempts: int


class TeardownsTaken(Shape):
    """The teardowns that the worker has to do, and to answer for one by one."""

    teardowns: list[Teardown]


class TeardownOutcome(StrEnum):
    """What became of one attempt."""

    GONE = "gone"
    """Nothing is left of the infrastructure: the teardown is done."""
    FAILED = "failed"
    """It may still be there: the attempt counts, and another one follows."""
    UNREACHABLE = "unreachable"
    """Not to be seen from this worker: the attempt does not count, and others may try."""


class TornDown(Shape):
    """What a worker says about a teardown that it took. `reason` says why it is not done."""

    execution_id: str
    worker_name: str
    outcome: TeardownOutcome
    reason: str | None = None
