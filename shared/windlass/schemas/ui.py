"""What only the web page asks for: small answers about many objects at once."""

from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import JsonObject, Shape, Timestamp
from windlass.schemas.fields import Duration, NotNegative
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.flows import FlowFilter
from windlass.schemas.filters.queries import FlowCountQuery
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRun

Ids: TypeAlias = Annotated[list[UUID], Field(max_length=1_000)]


class FlowIds(Shape):
    """Flows of which something is asked."""

    flow_ids: Ids


class FlowRunIds(Shape):
    """Flow runs of which something is asked."""

    flow_run_ids: Ids


class SimpleFlowRunQuery(FlowCountQuery):
    """The body of the route that lists flow runs as points of a chart."""

    sort: FlowRunSort = FlowRunSort.EXPECTED_START_TIME_DESC
    limit: Annotated[int, Field(ge=0, le=1_000)] = 1_000
    offset: NotNegative = 0


class SimpleFlowRun(Shape):
    """A flow run as a point of a chart. `timestamp` is when it started, or is expected to."""

    id: UUID
    state_type: StateType
    timestamp: Timestamp
    duration: Duration
    lateness: Duration


class SimpleNextFlowRun(Shape):
    """The run of a flow that is due first."""

    id: UUID
    flow_id: UUID
    name: str
    state_name: str
    state_type: StateType
    next_scheduled_start_time: Timestamp


class TaskRunDashboardQuery(Shape):
    """Task runs that started in a period, which has to be given."""

    task_runs: TaskRunFilter
    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


class CountByState(Shape):
    """How many runs are in a state of each type."""

    COMPLETED: int = 0
    PENDING: int = 0
    RUNNING: int = 0
    FAILED: int = 0
    CANCELLED: int = 0
    CRASHED: int = 0
    PAUSED: int = 0
    CANCELLING: int = 0
    SCHEDULED: int = 0


class UITaskRun(TaskRun):
    """A task run with the name of its flow run."""

    flow_run_name: str | None = None


class SchemaValues(Shape):
    """Values, and the schema that they have to fit."""

    values_schema: JsonObject = Field(alias="schema")
    values: JsonObject


class SchemaValuePropertyError(Shape):
    """What is wrong at a property of an object."""

    property: str
    errors: list["SchemaValueError"]


class SchemaValueIndexError(Shape):
    """What is wrong at an item of a list."""

    index: int
    errors: list["SchemaValueError"]


SchemaValueError: TypeAlias = str | SchemaValuePropertyError | SchemaValueIndexError
"""A sentence about the whole value, or about a part of it."""


class SchemaValuesValidationResponse(Shape):
    """Whether values fit a schema, and where they do not."""

    errors: list[SchemaValueError]
    valid: bool
