"""Saved searches: filters that somebody gave a name."""

from pydantic import Field

from windlass.schemas.base import JsonValue, Shape, Stored


class SavedSearchFilter(Shape):
    """One condition of a search, as the page that made it understands it."""

    object: str
    property: str
    type: str
    operation: str
    value: JsonValue


class SavedSearchCreate(Shape):
    """A search to save, in place of the one of this name."""

    name: str
    filters: list[SavedSearchFilter] = Field(default_factory=list[SavedSearchFilter])


class SavedSearch(Stored):
    """A saved search."""

    name: str
    filters: list[SavedSearchFilter] = Field(default_factory=list[SavedSearchFilter])
