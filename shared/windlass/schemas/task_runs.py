"""Task runs: one call of a task, inside a flow run or on its own."""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape, Stored, Timestamp
from windlass.schemas.fields import Duration, Labels, Page
from windlass.schemas.retries import Delays, RetryPolicy, Seconds, WholeSeconds
from windlass.schemas.states import State, StateCreate, StateType


class TaskRunPolicy(RetryPolicy):
    """How a task run is retried.

    `retry_jitter_factor` is how far a delay may stray at random, as a share of it.
    """

    retry_delay: WholeSeconds | Seconds | Delays | None = None
    retry_jitter_factor: Annotated[float, Field(ge=0, le=10)] | None = None


class TaskRunResult(Shape):
    """An input that is the result of a task run."""

    input_type: Literal["task_run"] = "task_run"
    id: UUID


class FlowRunResult(Shape):
    """An input that is the result of a flow run."""

    input_type: Literal["flow_run"] = "flow_run"
    id: UUID


class Parameter(Shape):
    """An input that is a parameter of the flow run."""

    input_type: Literal["parameter"] = "parameter"
    name: str


class Constant(Shape):
    """An input that is a value of its own; `type` names the type of the value."""

    input_type: Literal["constant"] = "constant"
    type: str


TaskRunInput: TypeAlias = Annotated[
    TaskRunResult | FlowRunResult | Parameter | Constant, Field(union_mode="left_to_right")
]
"""Where an input of a task run came from."""

TaskRunInputs: TypeAlias = dict[str, list[TaskRunInput]]


class TaskRunCreate(Shape):
    """A task run to create. Without an id or a name the server makes one up."""

    id: UUID | None = None
    state: StateCreate | None = None
    name: str | None = None
    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    cache_key: str | None = None
    cache_expiration: Timestamp | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = Field(default_factory=TaskRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)
    task_inputs: TaskRunInputs = Field(default_factory=TaskRunInputs)


class TaskRunUpdate(Shape):
    """What to change of a task run: only the fields that are set (`model_fields_set`).

    A name that is null says nothing: every run has one.
    """

    name: str | None = None


class TaskRun(Stored):
    """A task run.

    `dynamic_key` tells apart the calls of one task in one flow run. `run_count` is how often it
    entered RUNNING, `flow_run_run_count` the attempt of its flow run that it belongs to. The
    times mean what they mean for a flow run.
    """

    name: str
    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    cache_key: str | None = None
    cache_expiration: Timestamp | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = Field(default_factory=TaskRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)
    state_id: UUID | None = None
    task_inputs: TaskRunInputs = Field(default_factory=TaskRunInputs)
    state_type: StateType | None = None
    state_name: str | None = None
    run_count: int = 0
    flow_run_run_count: int = 0
    expected_start_time: Timestamp | None = None
    next_scheduled_start_time: Timestamp | None = None
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    total_run_time: Duration = timedelta(0)
    estimated_run_time: Duration = timedelta(0)
    estimated_start_time_delta: Duration = timedelta(0)
    state: State | None = None


class TaskRunCount(Shape):
    """How many task runs of a flow run ended well, and how many did not."""

    completed: int
    failed: int


class TaskRunPaginationResponse(Page):
    """One page of task runs."""

    results: list[TaskRun]
