"""Event rows written beside other changes, in the same transaction."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.rows import columns_of
from windlass_services.storage.tables import event


async def insert_event_rows(
    connection: AsyncConnection, workspace_id: UUID, rows: Sequence[EventRow]
) -> None:
    """Insert the events; those whose id exists are left alone."""
    if rows:
        values = [columns_of(row) | {"workspace_id": workspace_id} for row in rows]
        await connection.execute(_insert(connection), values)


def _insert(connection: AsyncConnection) -> sa.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(event).on_conflict_do_nothing()
    return sqlite.insert(event).on_conflict_do_nothing()
