"""Which flows a caller asks for."""

from windlass.schemas.filters.criteria import AllTags, AnyOrLikeText, AnyOrNotAnyId, Operated


class FlowFilterId(AnyOrNotAnyId):
    """By id."""


class FlowFilterDeployment(Operated):
    """By whether the flow has no deployment."""

    is_null_: bool | None = None


class FlowFilterName(AnyOrLikeText):
    """By name."""


class FlowFilterTags(AllTags):
    """By tags."""


class FlowFilter(Operated):
    """Flows for which these criteria hold."""

    id: FlowFilterId | None = None
    deployment: FlowFilterDeployment | None = None
    name: FlowFilterName | None = None
    tags: FlowFilterTags | None = None
