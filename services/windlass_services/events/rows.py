"""An event as a row and as a message: the two forms in which it is kept and delivered."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from windlass.schemas.events import Event
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.json_text import JsonText, json_text
from windlass_services.streams.protocol import Message

EVENTS_TOPIC: Final = "events"
TASK_RUN_RECORDER: Final = "task-run-recorder"
"""The group of consumers that makes task runs of their events."""
EVALUATOR: Final = "evaluator"
"""The group of consumers that count events for automations; it reads nothing while there are none.
"""
CONSUMER_GROUPS: Final = {EVENTS_TOPIC: (TASK_RUN_RECORDER, EVALUATOR)}
"""Every topic and the groups that read it: what is measured, and where there are dead letters."""
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
    return EventRow(
        day=partition_day(occurred, received),
        id=id,
        occurred=occurred,
        received=received,
        event=event,
        resource_id=resource_id,
        resource=encoded(resource),
        related=encoded(related),
        resource_ids=involved(resource_id, related),
        payload=encoded(payload),
        follows=follows,
    )


def involved(resource_id: str, related: list[dict[str, str]]) -> list[str]:
    """The ids of everything that an event is about, each once."""
    others = (item.get("prefect.resource.id", "") for item in related)
    return list(dict.fromkeys((resource_id, *others)))


def encoded(value: object) -> JsonText:
    """A part of an event as it is stored and sent."""
    return JsonText(json_text(value))


def event_message(row: EventRow, done_for: tuple[str, ...] = ()) -> Message:
    """The event as it goes over the broker: the wire form of a received event.

    The key is the resource's id, so that what happens to one resource stays in order.
    """
    head = to_json(
        {
            "occurred": row.occurred,
            "event": row.event,
            "id": row.id,
            "follows": row.follows,
            "received": row.received,
        }
    ).decode()
    body = (
        f'{head[:-1]},"resource":{row.resource},"related":{row.related},"payload":{row.payload}}}'
    )
    return Message(row.resource_id, str(row.id), body.encode(), done_for)


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
