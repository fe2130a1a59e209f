"""How far durable consumers have come, and the events that they read again from the table."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.event_rows import AS_SENT, earliest_day
from windlass_services.storage.tables import consumer_progress, event
from windlass_services.storage.upserts import insert_into


async def read_progress(
    connection: AsyncConnection, topic: str, group: str, partitions: Collection[int]
) -> datetime | None:
    """Everything of these partitions that was received before this moment is done; None if that is
    not known of one of them."""
    rows = await connection.execute(
        sa.select(consumer_progress.c.consumer_group, consumer_progress.c.finished_until).where(
            consumer_progress.c.topic == topic,
            consumer_progress.c.consumer_group.in_([group, *(_of(group, n) for n in partitions)]),
        )
    )
    known = {name: until for name, until in rows}
    # Versions before 0.2 have one row for the group.
    moments = [known.get(_of(group, n), known.get(group)) for n in partitions]
    return None if None in moments else min(filter(None, moments), default=known.get(group))


async def save_progress(
    connection: AsyncConnection, topic: str, group: str, finished_until: Mapping[int, datetime]
) -> None:
    """Everything of each partition that was received before its moment is done. Never goes back."""
    insert = insert_into(connection, consumer_progress)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["topic", "consumer_group"],
            set_={"finished_until": insert.excluded.finished_until},
            where=consumer_progress.c.finished_until < insert.excluded.finished_until,
        ),
        [
            {"topic": topic, "consumer_group": _of(group, partition), "finished_until": moment}
            for partition, moment in sorted(finished_until.items())
        ],
    )


def _of(group: str, partition: int) -> str:
    return f"{group}/{partition}"


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
    wanted = sa.select(*AS_SENT).where(
        event.c.received >= since, event.c.day >= earliest_day(since)
    )
    if until is not None:
        wanted = wanted.where(event.c.received <= until)
    if after is not None:
        wanted = wanted.where(sa.tuple_(event.c.received, event.c.id) > sa.tuple_(*_bound(after)))
    rows = await connection.execute(wanted.order_by(event.c.received, event.c.id).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _bound(after: tuple[datetime, UUID]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    return sa.literal(after[0], event.c.received.type), sa.literal(after[1], event.c.id.type)
