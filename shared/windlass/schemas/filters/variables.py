"""Which variables a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import AllTags, AnyId, AnyOrLikeText, Operated, Window
from windlass.schemas.filters.sorting import VariableSort


class VariableFilterId(AnyId):
    """By id."""


class VariableFilterName(AnyOrLikeText):
    """By name."""


class VariableFilterTags(AllTags):
    """By tags."""


class VariableFilter(Operated):
    """Variables for which these criteria hold."""

    id: VariableFilterId | None = None
    name: VariableFilterName | None = None
    tags: VariableFilterTags | None = None


class VariableCountQuery(Shape):
    """The body of the route that counts variables."""

    variables: VariableFilter | None = None


class VariableQuery(VariableCountQuery, Window):
    """The body of the route that lists variables."""

    sort: VariableSort = VariableSort.NAME_ASC
