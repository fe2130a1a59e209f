"""Which task runs a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import (
    AllTags,
    AnyId,
    AnyIdOrNull,
    AnyOrLikeText,
    AnyText,
    Operated,
    Period,
    PeriodOrNull,
)
from windlass.schemas.filters.states import AnyStateType


class TaskRunFilterId(AnyId):
    """By id."""


class TaskRunFilterName(AnyOrLikeText):
    """By name."""


class TaskRunFilterTags(AllTags):
    """By tags."""


class TaskRunFilterStateType(AnyStateType):
    """By the type of the state."""


class TaskRunFilterStateName(AnyText):
    """By the name of the state."""


class TaskRunFilterState(Operated):
    """By the state."""

    type: TaskRunFilterStateType | None = None
    name: TaskRunFilterStateName | None = None


class TaskRunFilterStartTime(PeriodOrNull):
    """By when the run started."""


class TaskRunFilterExpectedStartTime(Period):
    """By when the run was expected to start."""


class TaskRunFilterSubFlowRuns(Shape):
    """By whether the task run stands for a flow run that its flow run called."""

    exists_: bool | None = None


class TaskRunFilterFlowRunId(AnyIdOrNull):
    """By flow run; or whether the task run is outside any."""

    is_null_: bool | None = False


class TaskRunFilter(Operated):
    """Task runs for which these criteria hold."""

    id: TaskRunFilterId | None = None
    name: TaskRunFilterName | None = None
    tags: TaskRunFilterTags | None = None
    state: TaskRunFilterState | None = None
    start_time: TaskRunFilterStartTime | None = None
    expected_start_time: TaskRunFilterExpectedStartTime | None = None
    subflow_runs: TaskRunFilterSubFlowRuns | None = None
    flow_run_id: TaskRunFilterFlowRunId | None = None
