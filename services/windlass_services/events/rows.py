"""An event as a row and as a message: the two forms in which it is kept and delivered."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from windlass.schemas.events import Event
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.streams.protocol import Message

EVENTS_TOPIC: Final = "events"
DEFAULT_RETENTION: Final = timedelta(days=7)


def partition_day(
    occurred: datetime, now: datetime, retention: timedelta = DEFAULT_RETENTION
) -> date:
    """The day under which a row is kept: the client's, between the oldest one kept and tomorrow."""
    oldest, latest = (now - retention).date(), (now + timedelta(days=1)).date()
    return min(max(occurred.date(), oldest), latest)


def event_row(
    *,
    id: UUID,
    occurred: datetime,
    received: datetime,
    event: str,
    resource: dict[str, str],
    related: list[dict[str, str]],
    payload: dict[str, Any],
    follows: UUID | None,
) -> EventRow:
    """The row of an event, its partition and the ids of everything it involves filled in."""
    resource_id = resource["prefect.resource.id"]
    others = (item.get("prefect.resource.id", "") for item in related)
    return EventRow(
        day=partition_day(occurred, received),
        id=id,
        occurred=occurred,
        received=received,
        event=event,
        resource_id=resource_id,
        resource=resource,
        related=related,
        resource_ids=list(dict.fromkeys((resource_id, *others))),
        payload=payload,
        follows=follows,
    )


def event_message(row: EventRow) -> Message:
    """The event as it goes over the broker: the wire form of a received event.

    The key is the resource's id, so that what happens to one resource stays in order.
    """
    return Message(
        key=row.resource_id,
        id=str(row.id),
        body=to_json(
            {
                "occurred": row.occurred,
                "event": row.event,
                "resource": row.resource,
                "related": row.related,
                "payload": row.payload,
                "id": row.id,
                "follows": row.follows,
                "received": row.received,
            }
        ),
    )


def row_of_event(event: Event, received: datetime) -> EventRow:
    """The row of an event that a client sent."""
    return event_row(
        id=event.id,
        occurred=event.occurred,
        received=received,
        event=event.event,
        resource=event.resource.root,
        related=[related.root for related in event.related],
        payload=event.payload,
        follows=event.follows,
    )
