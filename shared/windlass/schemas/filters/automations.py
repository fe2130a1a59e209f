"""Which automations a caller asks for."""

from windlass.schemas.base import Shape, Timestamp
from windlass.schemas.filters.criteria import AllOrAnyTags, AnyText, Operated, Window
from windlass.schemas.filters.sorting import AutomationSort


class AutomationFilterName(AnyText):
    """By name."""


class AutomationFilterCreated(Shape):
    """By when they were made."""

    before_: Timestamp | None = None


class AutomationFilterTags(AllOrAnyTags):
    """By tags."""


class AutomationFilter(Operated):
    """Automations for which these criteria hold."""

    name: AutomationFilterName | None = None
    created: AutomationFilterCreated | None = None
    tags: AutomationFilterTags | None = None


class AutomationQuery(Window):
    """The body of the route that lists automations."""

    automations: AutomationFilter | None = None
    sort: AutomationSort = AutomationSort.NAME_ASC
