"""Which events a caller asks for."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape, Timestamp
from windlass.schemas.events import ResourceSpecification, TimeUnit
from windlass.schemas.filters.criteria import Query, TextSearch
from windlass.schemas.filters.sorting import EventOrder


class EventOccurredFilter(Shape):
    """By when the event occurred, both ends included.

    `since` None means 180 days ago, from midnight; `until` None means now.
    """

    since: Timestamp | None = None
    until: Timestamp | None = None


class EventNameFilter(Shape):
    """By the name of the event, or by how it begins."""

    prefix: list[str] | None = None
    exclude_prefix: list[str] | None = None
    name: list[str] | None = None
    exclude_name: list[str] | None = None


class EventAnyResourceFilter(Shape):
    """By a resource of the event, its own or a related one."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: ResourceSpecification | None = None


class EventResourceFilter(EventAnyResourceFilter):
    """By the event's own resource. `distinct` keeps one event of each resource: the first
    one in the order that is asked for. Counts by group and live events take no notice of it."""

    distinct: bool = False


class EventRelatedFilter(Shape):
    """By a related resource. `resources_in_roles` are pairs of an id and a role."""

    id: list[str] | None = None
    role: list[str] | None = None
    resources_in_roles: list[tuple[str, str]] | None = None
    labels: ResourceSpecification | None = None


class EventIDFilter(Shape):
    """By id: one of these; an empty list asks for nothing."""

    id: list[UUID] | None = None


class EventTextFilter(TextSearch):
    """By the words of the event: its name, its resources and its payload."""


class EventFilter(Shape):
    """Events for which all these criteria hold."""

    occurred: EventOccurredFilter = Field(default_factory=EventOccurredFilter)
    event: EventNameFilter | None = None
    resource: EventResourceFilter | None = None
    related: EventRelatedFilter | list[EventRelatedFilter] | None = None
    any_resource: EventAnyResourceFilter | list[EventAnyResourceFilter] | None = None
    id: EventIDFilter = Field(default_factory=EventIDFilter)
    text: EventTextFilter | None = None
    order: EventOrder = EventOrder.DESC

    @property
    def related_filters(self) -> list[EventRelatedFilter]:
        """What is asked of related resources: each must hold for one of them."""
        if self.related is None:
            return []
        return self.related if isinstance(self.related, list) else [self.related]

    @property
    def any_resource_filters(self) -> list[EventAnyResourceFilter]:
        """What is asked of all resources: each must hold for one of them."""
        if self.any_resource is None:
            return []
        return self.any_resource if isinstance(self.any_resource, list) else [self.any_resource]


class EventQuery(Query):
    """The body of the route that lists events."""

    filter: EventFilter | None = None
    limit: Annotated[int, Field(ge=0, le=50)] = 50


class EventCountQuery(Shape):
    """The body of the route that counts events.

    Counting by time makes intervals of `time_interval` units each.
    """

    filter: EventFilter
    time_unit: TimeUnit = TimeUnit.DAY
    time_interval: Annotated[float, Field(ge=0.01)] = 1.0
