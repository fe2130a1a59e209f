"""How far durable consumers have come, and the events that they read again from the table."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import consumer_progress, event

_CLOCKS_DIFFER: Final = timedelta(days=1)


async def read_progress(connection: AsyncConnection, topic: str, group: str) -> datetime | None:
    """Everything received before this moment is done; None for a group that never said."""
    rows = await connection.execute(
        sa.select(consumer_progress.c.finished_until).where(
            consumer_progress.c.topic == topic, consumer_progress.c.consumer_group == group
        )
    )
    return rows.scalar_one_or_none()


async def save_progress(
    connection: AsyncConnection, topic: str, group: str, finished_until: datetime
) -> None:
    """Everything received before this moment is done. Never goes back."""
    values = {"topic": topic, "consumer_group": group, "finished_until": finished_until}
    insert = (
        postgresql.insert(consumer_progress)
        if connection.dialect.name == "postgresql"
        else sqlite.insert(consumer_progress)
    ).values(values)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["topic", "consumer_group"],
            set_={"finished_until": insert.excluded.finished_until},
            where=consumer_progress.c.finished_until < insert.excluded.finished_until,
        )
    )


async def read_events_received(
    connection: AsyncConnection,
    since: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
    *,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Events in the order of (received, id), from `since` or after the last one of a former page,
    those of the moment `until` included.

    They have the keys of their messages, with moments and ids as values, not as text.
    """
    columns = (
        event.c.occurred,
        event.c.event,
        event.c.resource,
        event.c.related,
        event.c.payload,
        event.c.id,
        event.c.follows,
        event.c.received,
    )
    wanted = sa.select(*columns).where(
        event.c.received >= since, event.c.day >= (since - _CLOCKS_DIFFER).date()
    )
    if until is not None:
        wanted = wanted.where(event.c.received <= until)
    if after is not None:
        wanted = wanted.where(sa.tuple_(event.c.received, event.c.id) > sa.tuple_(*_bound(after)))
    rows = await connection.execute(wanted.order_by(event.c.received, event.c.id).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _bound(after: tuple[datetime, UUID]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    return sa.literal(after[0], event.c.received.type), sa.literal(after[1], event.c.id.type)
