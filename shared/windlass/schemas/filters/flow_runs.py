"""Which flow runs a caller asks for."""

from uuid import UUID

from windlass.schemas.filters.criteria import (
    AllOrAnyTags,
    AnyId,
    AnyIdOrNull,
    AnyOrLikeText,
    AnyOrNotAnyId,
    AnyOrNotAnyText,
    AnyText,
    AnyTextOrNull,
    Operated,
    Period,
    PeriodOrNull,
)
from windlass.schemas.filters.states import AnyOrNotAnyStateType


class FlowRunFilterId(AnyOrNotAnyId):
    """By id."""


class FlowRunFilterName(AnyOrLikeText):
    """By name."""


class FlowRunFilterTags(AllOrAnyTags):
    """By tags."""


class FlowRunFilterDeploymentId(AnyIdOrNull):
    """By deployment."""


class FlowRunFilterWorkQueueName(AnyTextOrNull):
    """By the name of the work queue."""


class FlowRunFilterStateType(AnyOrNotAnyStateType):
    """By the type of the state."""


class FlowRunFilterStateName(AnyOrNotAnyText):
    """By the name of the state."""


class FlowRunFilterState(Operated):
    """By the state."""

    type: FlowRunFilterStateType | None = None
    name: FlowRunFilterStateName | None = None


class FlowRunFilterFlowVersion(AnyText):
    """By the version of the flow."""


class FlowRunFilterStartTime(PeriodOrNull):
    """By when the run started."""


class FlowRunFilterEndTime(PeriodOrNull):
    """By when the run ended."""


class FlowRunFilterExpectedStartTime(Period):
    """By when the run was expected to start."""


class FlowRunFilterNextScheduledStartTime(Period):
    """By when the run is scheduled next."""


class FlowRunFilterParentFlowRunId(Operated, AnyId):
    """By the flow run that called this one."""


class FlowRunFilterParentTaskRunId(AnyIdOrNull):
    """By the task run that stands for this run in its parent."""


class FlowRunFilterIdempotencyKey(AnyOrNotAnyText):
    """By idempotency key."""


class FlowRunFilterCreatedBy(Operated):
    """By who or what made the run; or whether that is not known."""

    id_: list[UUID] | None = None
    type_: list[str] | None = None
    is_null_: bool | None = None


class FlowRunFilter(Operated):
    """Flow runs for which these criteria hold."""

    id: FlowRunFilterId | None = None
    name: FlowRunFilterName | None = None
    tags: FlowRunFilterTags | None = None
    deployment_id: FlowRunFilterDeploymentId | None = None
    work_queue_name: FlowRunFilterWorkQueueName | None = None
    state: FlowRunFilterState | None = None
    flow_version: FlowRunFilterFlowVersion | None = None
    start_time: FlowRunFilterStartTime | None = None
    end_time: FlowRunFilterEndTime | None = None
    expected_start_time: FlowRunFilterExpectedStartTime | None = None
    next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | None = None
    parent_flow_run_id: FlowRunFilterParentFlowRunId | None = None
    parent_task_run_id: FlowRunFilterParentTaskRunId | None = None
    idempotency_key: FlowRunFilterIdempotencyKey | None = None
    created_by: FlowRunFilterCreatedBy | None = None
