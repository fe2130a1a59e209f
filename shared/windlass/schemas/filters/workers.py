"""Which workers a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import Operated, Period, Window
from windlass.schemas.workers import WorkerStatus


class WorkerFilterLastHeartbeatTime(Period):
    """By when the worker was last heard of."""


class WorkerFilterStatus(Shape):
    """By status: one of these, and none of those."""

    any_: list[WorkerStatus] | None = None
    not_any_: list[WorkerStatus] | None = None


class WorkerFilter(Operated):
    """Workers for which these criteria hold."""

    last_heartbeat_time: WorkerFilterLastHeartbeatTime | None = None
    status: WorkerFilterStatus | None = None


class WorkerQuery(Window):
    """The body of the route that lists the workers of a pool."""

    workers: WorkerFilter | None = None
