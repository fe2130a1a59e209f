"""Workers: who takes the runs of a work pool."""

from enum import StrEnum
from uuid import UUID

from windlass.schemas.base import Shape, Stored, Timestamp
from windlass.schemas.fields import ObjectName, Whole
from windlass.schemas.flow_runs import FlowRun


class WorkerStatus(StrEnum):
    """Whether a worker is there."""

    ONLINE = "ONLINE"
    """It sent a heartbeat lately: the scheduler moves it on when it goes silent."""
    OFFLINE = "OFFLINE"
    """It went silent or said goodbye: its next heartbeat moves it on."""


class Worker(Stored):
    """A worker of a pool."""

    name: str
    work_pool_id: UUID
    last_heartbeat_time: Timestamp | None = None
    heartbeat_interval_seconds: int | None = None
    status: WorkerStatus = WorkerStatus.OFFLINE


class WorkerHeartbeat(Shape):
    """A worker is alive, and says how often it will say so.

    `place` is where it is, for infrastructure that can be reached from one place only.
    """

    name: str
    heartbeat_interval_seconds: Whole | None = None
    place: str | None = None


class ScheduledFlowRuns(Shape):
    """Which runs of a pool a polling worker asks for. None means every queue, or no bound."""

    work_queue_names: list[ObjectName] | None = None
    scheduled_before: Timestamp | None = None
    scheduled_after: Timestamp | None = None
    limit: int | None = None


class WorkerFlowRunResponse(Shape):
    """A run that a polling worker may take, and the queue that it waits in."""

    work_pool_id: UUID
    work_queue_id: UUID
    flow_run: FlowRun
