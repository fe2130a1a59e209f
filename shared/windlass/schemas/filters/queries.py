"""The bodies of the routes that list, page, count and chart runs, flows and deployments."""

from typing import Annotated, TypeAlias

from pydantic import Field

from windlass.schemas.base import Shape, Timestamp
from windlass.schemas.filters.criteria import Paged, Window
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.flows import FlowFilter
from windlass.schemas.filters.sorting import DeploymentSort, FlowRunSort, FlowSort, TaskRunSort
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass.schemas.states import StateCreate

BulkLimit: TypeAlias = Annotated[int, Field(ge=1, le=50)]
"""How many objects one request changes at most."""


class TaskRunCountQuery(Shape):
    """Task runs that belong to these flows, flow runs and deployments."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None


class TaskRunQuery(TaskRunCountQuery, Window):
    """The body of the route that lists task runs."""

    sort: TaskRunSort = TaskRunSort.ID_DESC


class TaskRunPageQuery(TaskRunCountQuery, Paged):
    """The body of the route that pages task runs."""

    sort: TaskRunSort = TaskRunSort.ID_DESC


class FlowCountQuery(TaskRunCountQuery):
    """Flows with these runs and deployments, in these work pools."""

    work_pools: WorkPoolFilter | None = None


class FlowBulkDelete(Shape):
    """Which flows to delete, and how many at most."""

    flows: FlowFilter | None = None
    limit: BulkLimit = 50


class FlowQuery(FlowCountQuery, Window):
    """The body of the route that lists flows."""

    sort: FlowSort = FlowSort.NAME_ASC


class FlowPageQuery(FlowCountQuery, Paged):
    """The body of the route that pages flows."""

    sort: FlowSort = FlowSort.NAME_ASC


class FlowRunCountQuery(FlowCountQuery):
    """Flow runs with these flows, task runs and deployments, in these work pools and queues."""

    work_pool_queues: WorkQueueFilter | None = None


class FlowRunBulkDelete(Shape):
    """Which flow runs to delete, and how many at most."""

    flow_runs: FlowRunFilter | None = None
    limit: BulkLimit = 50


class FlowRunBulkSetState(FlowRunBulkDelete):
    """Which flow runs to propose a state for, and how many at most."""

    state: StateCreate
    force: bool = False


class FlowRunQuery(FlowRunCountQuery, Window):
    """The body of the route that lists flow runs."""

    sort: FlowRunSort = FlowRunSort.ID_DESC


class FlowRunPageQuery(FlowRunCountQuery, Paged):
    """The body of the route that pages flow runs."""

    sort: FlowRunSort = FlowRunSort.ID_DESC


class DeploymentCountQuery(FlowRunCountQuery):
    """Deployments with these flows and runs, in these work pools and queues."""


class DeploymentBulkDelete(Shape):
    """Which deployments to delete, and how many at most."""

    deployments: DeploymentFilter | None = None
    limit: BulkLimit = 50


class DeploymentQuery(DeploymentCountQuery, Window):
    """The body of the route that lists deployments."""

    sort: DeploymentSort = DeploymentSort.NAME_ASC


class DeploymentPageQuery(DeploymentCountQuery, Paged):
    """The body of the route that pages deployments."""

    sort: DeploymentSort = DeploymentSort.NAME_ASC


class HistoryPeriod(Shape):
    """From when to when runs are counted, and how many seconds make one interval."""

    history_start: Timestamp
    history_end: Timestamp
    history_interval_seconds: Annotated[float, Field(ge=1)]


class TaskRunHistoryQuery(TaskRunCountQuery, HistoryPeriod):
    """The body of the route that counts task runs by interval and state."""


class FlowRunHistoryQuery(FlowCountQuery, HistoryPeriod):
    """The body of the route that counts flow runs by interval and state."""

    work_queues: WorkQueueFilter | None = None
