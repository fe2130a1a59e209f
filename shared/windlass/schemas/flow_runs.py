"""Flow runs: one execution of a flow, asked for, scheduled or started by hand."""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import JsonObject, Shape, Stored, Timestamp
from windlass.schemas.fields import CreatedBy, Duration, Labels, ObjectName, Page, Whole
from windlass.schemas.orchestration import OrchestrationResult
from windlass.schemas.retries import RetryPolicy, Seconds, WholeSeconds
from windlass.schemas.states import State, StateCreate, StateType

RunPriority: TypeAlias = Annotated[int, Field(ge=-1000, le=1000)]
"""Which of the runs of a queue goes first: the one with the lowest number, then the one due first.
"""


class FlowRunPolicy(RetryPolicy):
    """How a flow run is retried and paused.

    `retry_type` says where the next attempt runs: in the same process, or in a new one.
    `resuming` is set between the end of a pause and the RUNNING state that follows.
    `infrastructure_retries` counts how often the run was dispatched anew because its
    infrastructure failed, and `lost_attempts`, how many attempts at its code ended that way: they
    use up none of its `retries`.
    """

    retry_delay: WholeSeconds | Seconds | None = None
    pause_keys: set[str] | None = Field(default_factory=set[str])
    resuming: bool | None = False
    retry_type: Literal["in_process", "reschedule"] | None = None
    infrastructure_retries: Whole = 0
    lost_attempts: Whole = 0


class FlowRunCreate(Shape):
    """A flow run to create. Without a name the server makes one up."""

    state: StateCreate | None = None
    name: str | None = None
    flow_id: UUID
    flow_version: str | None = None
    parameters: JsonObject = Field(default_factory=dict)
    context: JsonObject = Field(default_factory=dict)
    parent_task_run_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)
    idempotency_key: str | None = None
    work_pool_name: str | None = None
    work_queue_name: ObjectName | None = None
    run_priority: RunPriority = 0
    job_variables: JsonObject | None = None
    deployment_id: UUID | None = None


class DeploymentFlowRunCreate(Shape):
    """A flow run to create from a deployment, which gives what is not said here.

    Without a name the server makes one up. `enforce_parameter_schema` overrides the deployment's.
    """

    state: StateCreate | None = None
    name: str | None = None
    parameters: JsonObject = Field(default_factory=dict)
    enforce_parameter_schema: bool | None = None
    context: JsonObject = Field(default_factory=dict)
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    idempotency_key: str | None = None
    labels: Labels | None = Field(default_factory=Labels)
    parent_task_run_id: UUID | None = None
    work_queue_name: ObjectName | None = None
    run_priority: RunPriority = 0
    job_variables: JsonObject | None = None


class FlowRunUpdate(Shape):
    """What to change of a flow run: only the fields that are set (`model_fields_set`).

    A name that is null says nothing: every run has one.
    """

    name: str | None = None
    flow_version: str | None = None
    parameters: JsonObject = Field(default_factory=dict)
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    infrastructure_pid: str | None = None
    job_variables: JsonObject | None = None


class FlowRun(Stored):
    """A flow run.

    `run_count` is how often it entered RUNNING. `total_run_time` adds up the time in RUNNING that
    is over; `estimated_run_time` counts the attempt under way too. `estimated_start_time_delta`
    is how late it started, or is until now. `execution_id` says who may act for the run;
    `blocking_reason` why a run that is due has not been handed out, the first thing in its way:
    `catch-up policy` (it is about to be skipped), `work pool paused`, `work queue paused`, `no
    worker`, `work pool limit`, `work queue limit`, `deployment limit`; without a pool `not served`
    or `deployment deleted`, or that the pool was deleted. It is told where a run is read by its id,
    and in lists and pages of runs; `deployment limit` and a deleted pool wherever it is read.
    """

    name: str
    flow_id: UUID
    state_id: UUID | None = None
    deployment_id: UUID | None = None
    deployment_version: str | None = None
    work_queue_id: UUID | None = None
    work_queue_name: str | None = None
    flow_version: str | None = None
    parameters: JsonObject = Field(default_factory=dict)
    idempotency_key: str | None = None
    context: JsonObject = Field(default_factory=dict)
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)
    parent_task_run_id: UUID | None = None
    state_type: StateType | None = None
    state_name: str | None = None
    run_count: int = 0
    expected_start_time: Timestamp | None = None
    next_scheduled_start_time: Timestamp | None = None
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    total_run_time: Duration = timedelta(0)
    estimated_run_time: Duration = timedelta(0)
    estimated_start_time_delta: Duration = timedelta(0)
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    infrastructure_pid: str | None = None
    created_by: CreatedBy | None = None
    work_pool_id: UUID | None = None
    work_pool_name: str | None = None
    state: State | None = None
    job_variables: JsonObject | None = None
    execution_id: str | None = None
    blocking_reason: str | None = None
    run_priority: RunPriority = 0


class FlowRunResume(Shape):
    """What a paused flow run waits for: the input that its pause asked for, if any."""

    run_input: JsonObject | None = None


class FlowRunPaginationResponse(Page):
    """One page of flow runs."""

    results: list[FlowRun]


class FlowRunBulkDeleteResponse(Shape):
    """The flow runs that were deleted."""

    deleted: list[UUID] = Field(default_factory=list[UUID])


class FlowRunOrchestrationResult(OrchestrationResult):
    """What became of one of the flow runs for which a state was proposed."""

    flow_run_id: UUID
    state: State | None = None


class FlowRunBulkSetStateResponse(Shape):
    """What became of the flow runs for which a state was proposed."""

    results: list[FlowRunOrchestrationResult] = Field(
        default_factory=list[FlowRunOrchestrationResult]
    )


class FlowRunCreateResult(Shape):
    """What became of one of the flow runs that were asked for."""

    flow_run_id: UUID | None = None
    status: Literal["CREATED", "FAILED"]
    error: str | None = None


class FlowRunBulkCreateResponse(Shape):
    """What became of the flow runs that were asked for, in their order."""

    results: list[FlowRunCreateResult] = Field(default_factory=list[FlowRunCreateResult])
