"""Which saved searches a caller asks for."""

from windlass.schemas.filters.criteria import Window


class SavedSearchQuery(Window):
    """The body of the route that lists saved searches."""
