"""Events: what happened, to which resource, and what else was part of it."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Self, TypeAlias
from uuid import UUID

from pydantic import Field, RootModel, model_validator

from windlass.clock import utc_now
from windlass.schemas.base import JsonObject, Shape, Timestamp

RESOURCE_ID: Final = "prefect.resource.id"
RESOURCE_NAME: Final = "prefect.resource.name"
RESOURCE_ROLE: Final = "prefect.resource.role"

ResourceSpecification: TypeAlias = dict[str, str | list[str]]
"""Labels that a resource must have, each with one of the values given for it. ``!x`` is any value
but ``x``, ``x*`` any that begins with ``x``."""


class Resource(RootModel[dict[str, str]]):
    """Something that events are about: labels, of which ``prefect.resource.id`` is its identity."""

    @model_validator(mode="after")
    def _has_an_id(self) -> Self:
        if not self.root.get(RESOURCE_ID):
            message = f"A resource must have the label `{RESOURCE_ID}`."
            raise ValueError(message)
        return self

    @property
    def id(self) -> str:
        """Which resource this is, such as ``prefect.flow-run.<id>``."""
        return self.root[RESOURCE_ID]

    @property
    def name(self) -> str | None:
        """What people call the resource."""
        return self.root.get(RESOURCE_NAME)

    def __getitem__(self, label: str) -> str:
        return self.root[label]

    def get(self, label: str, default: str | None = None) -> str | None:
        """The value of a label, or the default."""
        return self.root.get(label, default)


class RelatedResource(Resource):
    """A resource that is part of an event, in the role that ``prefect.resource.role`` names."""

    @model_validator(mode="after")
    def _has_a_role(self) -> Self:
        if not self.root.get(RESOURCE_ROLE):
            message = f"A related resource must have the label `{RESOURCE_ROLE}`."
            raise ValueError(message)
        return self

    @property
    def role(self) -> str:
        """What the resource is to the event, such as ``deployment``."""
        return self.root[RESOURCE_ROLE]


class Event(Shape):
    """Something that happened to a resource.

    `follows` is the event that must be handled before this one. An event is stored once, however
    often it is sent: `id` tells.
    """

    occurred: Timestamp
    event: str
    resource: Resource
    related: list[RelatedResource] = Field(default_factory=list[RelatedResource])
    payload: JsonObject = Field(default_factory=dict)
    id: UUID
    follows: UUID | None = None

    @property
    def involved_resources(self) -> list[Resource]:
        """The resource of the event and the related ones, in this order."""
        return [self.resource, *self.related]

    def receive(self, received: datetime) -> "ReceivedEvent":
        """The event as the server has it from that moment on."""
        return ReceivedEvent.model_construct(**self.__dict__, received=received)


class ReceivedEvent(Event):
    """An event that the server has."""

    received: Timestamp = Field(default_factory=utc_now)


class EventPage(Shape):
    """Some events. `total` counts all that match, `next_page` is a URL, null at the end."""

    events: list[ReceivedEvent]
    total: int
    next_page: str | None


class Countable(StrEnum):
    """What events can be counted by."""

    DAY = "day"
    """The day, in UTC."""
    TIME = "time"
    """Intervals of the time unit that is asked for."""
    EVENT = "event"
    """The name of the event."""
    RESOURCE = "resource"
    """The identity of the resource."""


class TimeUnit(StrEnum):
    """What the intervals are made of when events are counted by time."""

    WEEK = "week"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


class EventCount(Shape):
    """How many events fell into one group, and between which moments they lie."""

    value: str
    label: str
    count: int
    start_time: Timestamp
    end_time: Timestamp
