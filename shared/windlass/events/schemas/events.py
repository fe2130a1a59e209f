"""Public: events and the resources they are about."""

from uuid import UUID

from pydantic import Field

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas import events
from windlass.schemas.base import Timestamp
from windlass.schemas.events import (
    ReceivedEvent,
    RelatedResource,
    Resource,
    ResourceSpecification,
)

__all__ = ["Event", "ReceivedEvent", "RelatedResource", "Resource", "ResourceSpecification"]


class Event(events.Event):
    """Something that happens to a resource: now, unless it says when; with an id of its own."""

    occurred: Timestamp = Field(default_factory=utc_now)
    id: UUID = Field(default_factory=uuid7)
