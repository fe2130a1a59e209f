"""Announcements that wait for their change to be committed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import outbox


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One announcement: what kind, and the few facts from which it is made."""

    id: UUID
    workspace_id: UUID
    kind: str
    body: dict[str, Any]


async def take_outbox(connection: AsyncConnection, limit: int) -> list[OutboxRow]:
    """Delete and return the oldest committed rows.

    Replicas pass over the rows that another one is taking. A row of a transaction that commits
    later is found by a later call, however old its id: nothing is skipped.
    """
    oldest = sa.select(outbox.c.id).order_by(outbox.c.id).limit(limit)
    if connection.dialect.name == "postgresql":
        oldest = oldest.with_for_update(skip_locked=True)
    taken = await connection.execute(
        sa.delete(outbox)
        .where(outbox.c.id.in_(oldest))
        .returning(outbox.c.id, outbox.c.workspace_id, outbox.c.kind, outbox.c.body)
    )
    return sorted((OutboxRow(*row) for row in taken), key=lambda row: row.id)
