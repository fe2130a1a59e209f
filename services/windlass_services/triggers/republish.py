"""Nothing that is stored stays unpublished: the sweeper behind every process that publishes."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic_core import to_json

from windlass_services.events.publishing import PUBLISHER_BEAT
from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.unpublished import (
    Unpublished,
    first_unpublished,
    note_published,
    take_over_silent,
)
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Message
from windlass_services.triggers.received import PAGE, pages_received

_SILENCE: Final = 4 * PUBLISHER_BEAT
_IN_FLIGHT: Final = timedelta(seconds=15)
"""The longest time between the receipt of an event and its message: the patience of the database
and of the broker together."""
_MOST: Final = 20 * PAGE


def republish_duty(services: ServiceContext, is_ours: Callable[[], Awaitable[bool]]) -> Duty:
    """Publish again what may not have been; by one replica, the one for which `is_ours`."""

    async def once() -> int:
        return await republish(services) if await is_ours() else 0

    return Duty("republish", PUBLISHER_BEAT, once, busy_at=_MOST)


async def republish(services: ServiceContext, *, most: int = _MOST) -> int:
    """Do one pass over the earliest period; returns how many events were published, about `most`.

    Consumers know by its id what they have had already. A broker that is away ends the pass.
    """
    now = services.clock()
    async with services.database.write() as connection:
        await take_over_silent(connection, now=now, silence=_SILENCE, in_flight=_IN_FLIGHT)
        period = await first_unpublished(connection)
    if period is None:
        return 0
    progress = _Progress(period.since)
    with suppress(BrokerUnavailable):  # the rest of the period stays
        await _publish(services, period, progress, most)
    async with services.database.write() as connection:
        await note_published(connection, period, until=progress.until)
    return progress.published


@dataclass(slots=True)
class _Progress:
    until: datetime | None
    """Everything of the period that was received before is published; None: all of it."""
    published: int = 0


async def _publish(
    services: ServiceContext, period: Unpublished, progress: _Progress, most: int
) -> None:
    async for page in pages_received(services.database, period.since, until=period.until):
        if page:
            await services.streams.publish(EVENTS_TOPIC, [_message(row) for row in page])
            progress.published += len(page)
            progress.until = page[-1]["received"]
        # To the next moment at least: the next pass begins at the one that is reached here.
        if progress.published >= most and len(page) == PAGE and progress.until != period.since:
            return
    progress.until = None


def _message(row: Mapping[str, Any]) -> Message:
    return Message(row["resource"]["prefect.resource.id"], str(row["id"]), to_json(row))
