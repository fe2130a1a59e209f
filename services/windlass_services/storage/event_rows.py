"""Event rows written beside other changes, in the same transaction."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.hot.codec import encoded_columns
from windlass_services.storage.hot.postgres_statements import history_insert
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.rows import columns_of
from windlass_services.storage.tables import event


async def insert_event_rows(
    connection: AsyncConnection, workspace_id: UUID, rows: Sequence[EventRow]
) -> list[EventRow]:
    """Insert the events; those whose id exists are left alone. Returns those that are new."""
    if not rows:
        return []
    values = [columns_of(row) | {"workspace_id": workspace_id} for row in rows]
    if connection.dialect.name == "postgresql":
        # One statement for them all, where executing many would be one for each.
        fields, insert = _POSTGRES
        inserted = await connection.exec_driver_sql(insert, tuple(encoded_columns(fields, values)))
    else:
        inserted = await connection.execute(_SQLITE, values)
    new = set(inserted.scalars())
    return [row for id, row in {row.id: row for row in rows}.items() if id in new]


def earliest_day(since: datetime) -> date:
    """The first partition in which an event of this moment may be: its day is the client's, and
    nobody's tomorrow is today."""
    return (since - timedelta(days=1)).date()


AS_SENT: Final = tuple(
    event.c[name]
    for name in ("occurred", "event", "resource", "related", "payload", "id", "follows", "received")
)
"""What the message of an event says of it."""
_POSTGRES: Final = history_insert(event)
_SQLITE: Final = sqlite.insert(event).on_conflict_do_nothing().returning(event.c.id)
