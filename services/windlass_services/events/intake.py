"""The one way in for events: a row first, then a message."""

import logging
from collections.abc import Sequence
from typing import Final

from windlass_services.events.rows import EVENTS_TOPIC, event_message
from windlass_services.storage.database import Database
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.scope import Scope
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Streams

_log: Final = logging.getLogger(__name__)


async def take_in(
    database: Database, streams: Streams, scope: Scope, events: Sequence[EventRow]
) -> int:
    """Store the events, then announce them. Returns how many were new.

    When this returns, every event is a row. A broker that is away costs latency only: consumers
    read what they missed from the table.
    """
    if not events:
        return 0
    new = await database.hot.insert_events(scope, events)
    await announce(streams, events)
    return new


async def announce(
    streams: Streams, events: Sequence[EventRow], done_for: tuple[str, ...] = ()
) -> None:
    """Publish events that are already committed; groups in `done_for` have no work on them."""
    try:
        await streams.publish(EVENTS_TOPIC, [event_message(row, done_for) for row in events])
    except BrokerUnavailable as error:
        _log.warning("%d events are stored but not announced: %s", len(events), error)
