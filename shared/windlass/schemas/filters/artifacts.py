"""Which artifacts a caller asks for: of all, or of the latest ones of each key."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import (
    AnyId,
    AnyOrLikeText,
    AnyOrNotAnyText,
    Operated,
    Window,
)
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.flows import FlowFilter
from windlass.schemas.filters.sorting import ArtifactCollectionSort, ArtifactSort
from windlass.schemas.filters.task_runs import TaskRunFilter


class ArtifactFilterId(AnyId):
    """By id."""


class ArtifactFilterKey(AnyOrLikeText):
    """By key; or by whether there is one."""

    exists_: bool | None = None


class ArtifactFilterFlowRunId(AnyId):
    """By the flow run that made it."""


class ArtifactFilterTaskRunId(AnyId):
    """By the task run that made it."""


class ArtifactFilterType(AnyOrNotAnyText):
    """By type."""


class ArtifactFilter(Operated):
    """Artifacts for which these criteria hold."""

    id: ArtifactFilterId | None = None
    key: ArtifactFilterKey | None = None
    flow_run_id: ArtifactFilterFlowRunId | None = None
    task_run_id: ArtifactFilterTaskRunId | None = None
    type: ArtifactFilterType | None = None


class ArtifactCollectionFilterLatestId(AnyId):
    """By the id of the latest artifact."""


class ArtifactCollectionFilterKey(ArtifactFilterKey):
    """By key; or by whether there is one."""


class ArtifactCollectionFilterFlowRunId(AnyId):
    """By the flow run that made the latest artifact."""


class ArtifactCollectionFilterTaskRunId(AnyId):
    """By the task run that made the latest artifact."""


class ArtifactCollectionFilterType(AnyOrNotAnyText):
    """By the type of the latest artifact."""


class ArtifactCollectionFilter(Operated):
    """Latest artifacts for which these criteria hold."""

    latest_id: ArtifactCollectionFilterLatestId | None = None
    key: ArtifactCollectionFilterKey | None = None
    flow_run_id: ArtifactCollectionFilterFlowRunId | None = None
    task_run_id: ArtifactCollectionFilterTaskRunId | None = None
    type: ArtifactCollectionFilterType | None = None


class MadeByRuns(Shape):
    """Artifacts that these runs made: runs of these flows and deployments."""

    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    flows: FlowFilter | None = None
    deployments: DeploymentFilter | None = None


class ArtifactCountQuery(MadeByRuns):
    """The body of the route that counts artifacts."""

    artifacts: ArtifactFilter | None = None


class ArtifactQuery(ArtifactCountQuery, Window):
    """The body of the route that lists artifacts."""

    sort: ArtifactSort = ArtifactSort.ID_DESC


class ArtifactCollectionCountQuery(MadeByRuns):
    """The body of the route that counts latest artifacts."""

    artifacts: ArtifactCollectionFilter | None = None


class ArtifactCollectionQuery(ArtifactCollectionCountQuery, Window):
    """The body of the route that lists latest artifacts."""

    sort: ArtifactCollectionSort = ArtifactCollectionSort.ID_DESC
