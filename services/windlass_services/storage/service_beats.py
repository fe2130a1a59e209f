"""The beats by which the processes of the services know of each other."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import service_beat
from windlass_services.storage.upserts import insert_into


async def beat(
    connection: AsyncConnection,
    instance_id: UUID,
    service: str,
    *,
    started_at: datetime,
    now: datetime,
) -> None:
    """Say that this member of a service is alive."""
    insert = insert_into(connection, service_beat).values(
        instance_id=instance_id, service=service, started_at=started_at, beat_at=now, details={}
    )
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=[service_beat.c.instance_id], set_={"beat_at": now}
        )
    )


async def end_beat(connection: AsyncConnection, instance_id: UUID) -> None:
    """Say that this member has ended in order."""
    await connection.execute(
        sa.delete(service_beat).where(service_beat.c.instance_id == instance_id)
    )
