"""Which processes serve a PostgreSQL, by the kind of their broker: one in memory is shared by none.

An SQLite file needs none of this: it is locked by the one process that has it open.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage import service_beats
from windlass_services.storage.tables import service_beat

_LOCK: Final = 0x57696E64_00000003
"""Of `pg_advisory_xact_lock`: of processes that start together, each sees those before it."""
_IN_MEMORY: Final = "memory-broker"
_SHARED: Final = "shared-broker"
_KEPT: Final = timedelta(days=1)


async def enter(
    connection: AsyncConnection,
    member: UUID,
    *,
    shared: bool,
    dead: Mapping[UUID, datetime],
    now: datetime,
) -> dict[UUID, datetime]:
    """Enter this process, unless there are others that it cannot run beside.

    Those are returned with their last beats; none means that it is entered. Whoever shares its
    broker runs beside its like, and one with a broker in memory beside nobody. Those in `dead` that
    did not beat since are taken out.
    """
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    beat = service_beat.c
    kinds = [_IN_MEMORY] if shared else [_IN_MEMORY, _SHARED]
    rows = await connection.execute(
        sa.select(beat.instance_id, beat.beat_at).where(
            beat.service.in_(kinds), beat.instance_id != member
        )
    )
    others: dict[UUID, datetime] = {row.instance_id: row.beat_at for row in rows}
    if others.items() - dead.items():
        return others
    is_left_behind = sa.and_(beat.service == _SHARED, beat.beat_at < now - _KEPT)
    await connection.execute(
        sa.delete(service_beat).where(beat.instance_id.in_(list(others)) | is_left_behind)
    )
    kind = _SHARED if shared else _IN_MEMORY
    await service_beats.beat(connection, member, kind, started_at=now, now=now)
    return {}


async def renew(connection: AsyncConnection, member: UUID, *, now: datetime) -> bool:
    """This process is still there. False when it is entered no more: it was taken for dead."""
    renewed = await connection.execute(
        sa.update(service_beat).where(service_beat.c.instance_id == member).values(beat_at=now)
    )
    return renewed.rowcount > 0


async def leave(connection: AsyncConnection, member: UUID) -> None:
    """This process ends: another may start at once."""
    await service_beats.end_beat(connection, member)
