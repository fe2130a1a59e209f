"""Which deployments a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.fields import Whole
from windlass.schemas.filters.criteria import (
    AllOrAnyTags,
    AnyOrLikeText,
    AnyOrNotAnyId,
    AnyText,
    Operated,
    Pattern,
)


class DeploymentFilterId(AnyOrNotAnyId):
    """By id."""


class DeploymentFilterName(AnyOrLikeText):
    """By name."""


class DeploymentOrFlowNameFilter(Shape):
    """By a part of the deployment's name or of its flow's, in capitals or not."""

    like_: Pattern | None = None


class DeploymentFilterPaused(Shape):
    """By whether the deployment is paused."""

    eq_: bool | None = None


class DeploymentFilterTags(AllOrAnyTags):
    """By tags."""


class DeploymentFilterWorkQueueName(AnyText):
    """By the name of the work queue."""


class DeploymentFilterConcurrencyLimit(Shape):
    """By the concurrency limit: from `ge_` to `le_`, or whether there is none."""

    ge_: Whole | None = None
    le_: Whole | None = None
    is_null_: bool | None = None


class DeploymentFilter(Operated):
    """Deployments for which these criteria hold."""

    id: DeploymentFilterId | None = None
    name: DeploymentFilterName | None = None
    flow_or_deployment_name: DeploymentOrFlowNameFilter | None = None
    paused: DeploymentFilterPaused | None = None
    tags: DeploymentFilterTags | None = None
    work_queue_name: DeploymentFilterWorkQueueName | None = None
    concurrency_limit: DeploymentFilterConcurrencyLimit | None = None
