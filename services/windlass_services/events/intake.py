"""The one way in for events: a row first, then a message."""

from collections.abc import Sequence

from windlass_services.events.rows import EVENTS_TOPIC, event_message
from windlass_services.storage.database import Database
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.scope import Scope
from windlass_services.streams.publisher import Publisher


async def take_in(
    database: Database, publisher: Publisher, scope: Scope, events: Sequence[EventRow]
) -> int:
    """Store the events, then announce them. Returns how many were new.

    When this returns, every event is a row. A broker that is away costs latency only: consumers
    read what they missed from the table, and what never got to the broker is published again.
    """
    if not events:
        return 0
    new = await database.hot.insert_events(scope, events)
    await announce(publisher, events)
    return new


async def announce(
    publisher: Publisher, events: Sequence[EventRow], done_for: tuple[str, ...] = ()
) -> None:
    """Publish events that are already committed; groups in `done_for` have no work on them."""
    if events:
        received = [event.received for event in events]
        messages = [event_message(event, done_for) for event in events]
        await publisher.publish(EVENTS_TOPIC, messages, (min(received), max(received)))
