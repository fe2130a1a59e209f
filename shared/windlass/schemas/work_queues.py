"""Work queues: the lanes of a work pool."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from windlass.schemas.base import Shape, Stored, Timestamp
from windlass.schemas.fields import Limit, ObjectName, Positive

Priority: TypeAlias = Positive
"""The place of a queue in its pool: runs of 1 go first."""


class WorkQueueStatus(StrEnum):
    """Whether the runs of a queue will be taken."""

    READY = "READY"
    """A worker asked for its runs lately: the scheduler moves it on when none does any more."""
    NOT_READY = "NOT_READY"
    """No worker asked for its runs lately: the next poll or claim moves it on."""
    PAUSED = "PAUSED"
    """A person or an automation paused it, and moves it on."""


class QueueFilter(Shape):
    """Which deployments an old tag-based queue serves. None means all."""

    tags: list[str] | None = None
    deployment_ids: list[UUID] | None = None


class WorkQueueCreate(Shape):
    """A work queue to create. Without a priority it goes last."""

    name: ObjectName
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: Limit | None = None
    priority: Priority | None = None
    filter: QueueFilter | None = None


class WorkQueueUpdate(Shape):
    """What to change of a work queue: only the fields that are set (`model_fields_set`)."""

    name: ObjectName | None = None
    description: str | None = None
    is_paused: bool = False
    concurrency_limit: Limit | None = None
    priority: Priority | None = None
    last_polled: Timestamp | None = None
    filter: QueueFilter | None = None


class WorkQueue(Stored):
    """A work queue."""

    name: ObjectName
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: Limit | None = None
    priority: Priority = 1
    work_pool_id: UUID | None = None
    filter: QueueFilter | None = None
    last_polled: Timestamp | None = None
    work_pool_name: str | None = None
    status: WorkQueueStatus | None = None


class WorkQueueHealthPolicy(Shape):
    """When a queue is healthy. None leaves a condition out."""

    maximum_late_runs: int | None = 0
    maximum_seconds_since_last_polled: int | None = 60

    def evaluate_health_status(
        self, late_runs_count: int, last_polled: datetime | None, now: datetime
    ) -> bool:
        """Whether a queue with so many late runs, last polled then, is healthy."""
        if self.maximum_late_runs is not None and late_runs_count > self.maximum_late_runs:
            return False
        if self.maximum_seconds_since_last_polled is None:
            return True
        if last_polled is None:
            return False
        return (now - last_polled).total_seconds() <= self.maximum_seconds_since_last_polled


class WorkQueueStatusDetail(Shape):
    """How a queue does, and by which policy."""

    healthy: bool
    late_runs_count: int = 0
    last_polled: Timestamp | None = None
    health_check_policy: WorkQueueHealthPolicy


class WorkQueueRuns(Shape):
    """Which scheduled runs of one queue are asked for."""

    scheduled_before: Timestamp | None = None
    limit: int | None = None
