"""Events that are stored and perhaps not published: by processes that said so, or that died."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass_services.storage import service_beats
from windlass_services.storage.tables import service_beat, unpublished

_SERVICE: Final = "publisher"


async def beat_of_publisher(connection: AsyncConnection, publisher: UUID, *, now: datetime) -> None:
    """This process is there: what it stores, it publishes."""
    await service_beats.beat(connection, publisher, _SERVICE, started_at=now, now=now)


async def end_of_publisher(connection: AsyncConnection, publisher: UUID) -> None:
    """This process ends, and everything that it stored is published."""
    await service_beats.end_beat(connection, publisher)


async def note_unpublished(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """Events that were received in this period were perhaps not published."""
    await connection.execute(sa.insert(unpublished).values(id=uuid7(), since=since, until=until))


async def take_over_silent(
    connection: AsyncConnection, *, now: datetime, silence: timedelta, in_flight: timedelta
) -> int:
    """Take processes that have been silent for so long for dead; returns how many they were.

    `in_flight`: how long before its last beat one may have received what it did not come to
    publish.
    """
    beat = service_beat.c
    gone = await connection.execute(
        sa.delete(service_beat)
        .where(beat.service == _SERVICE, beat.beat_at < now - silence)
        .returning(beat.beat_at)
    )
    last_beats = list(gone.scalars())
    for last in last_beats:
        await note_unpublished(connection, last - in_flight, now)
    return len(last_beats)


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A period to publish again: the rows that touch each other in it, as one."""

    ids: tuple[UUID, ...]
    since: datetime
    until: datetime


async def first_unpublished(connection: AsyncConnection) -> Unpublished | None:
    """The earliest period."""
    rows = await connection.execute(sa.select(unpublished).order_by(unpublished.c.since))
    first: Unpublished | None = None
    for row in rows:
        if first is None:
            first = Unpublished((row.id,), row.since, row.until)
        elif row.since <= first.until:
            first = Unpublished((*first.ids, row.id), first.since, max(first.until, row.until))
    return first


async def note_published(
    connection: AsyncConnection, period: Unpublished, *, until: datetime | None
) -> None:
    """What was received in the period before `until` is published now; None: all of it.

    What was noted since the period was read stays: its events may not have been among them.
    """
    column = unpublished.c
    ours = column.id.in_(period.ids)
    if until is None:
        await connection.execute(sa.delete(unpublished).where(ours))
    else:
        await connection.execute(sa.delete(unpublished).where(ours, column.until < until))
        await connection.execute(
            sa.update(unpublished).where(ours, column.since < until).values(since=until)
        )
