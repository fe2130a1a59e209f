"""Which work pools a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import AnyId, AnyText, Operated, Window


class WorkPoolFilterId(AnyId):
    """By id."""


class WorkPoolFilterName(AnyText):
    """By name."""


class WorkPoolFilterType(AnyText):
    """By type, such as ``process``."""


class WorkPoolFilter(Operated):
    """Work pools for which these criteria hold."""

    id: WorkPoolFilterId | None = None
    name: WorkPoolFilterName | None = None
    type: WorkPoolFilterType | None = None


class WorkPoolCountQuery(Shape):
    """The body of the route that counts work pools."""

    work_pools: WorkPoolFilter | None = None


class WorkPoolQuery(WorkPoolCountQuery, Window):
    """The body of the route that lists work pools."""
