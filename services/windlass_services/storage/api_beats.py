"""Since when leases can be renewed: API replicas say that they are there, and the database knows.

Time in which nobody could renew counts against nobody.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import service_beat
from windlass_services.storage.upserts import insert_into

BEATS_PER_LEASE: Final = 15
_LONGEST_GAP: Final = 3
"""In beats: after more of them without one, a replica was away."""
_SERVICE: Final = "api"
_KEPT: Final = timedelta(days=1)


async def beat_of_api(
    connection: AsyncConnection, replica: UUID, *, now: datetime, lease: timedelta
) -> None:
    """This replica answers, and reaches the database. `started_at` is since when without a gap."""
    beat = service_beat.c
    insert = insert_into(connection, service_beat).values(
        instance_id=replica, service=_SERVICE, started_at=now, beat_at=now, details={}
    )
    anew = sa.literal(now, beat.started_at.type)
    since = sa.case((beat.beat_at < now - _gap(lease), anew), else_=beat.started_at)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=[beat.instance_id], set_={"beat_at": now, "started_at": since}
        )
    )
    await connection.execute(
        sa.delete(service_beat).where(beat.service == _SERVICE, beat.beat_at < now - _KEPT)
    )


async def answering_since(
    connection: AsyncConnection, *, now: datetime, lease: timedelta
) -> datetime | None:
    """Since when some replica has been there without a gap; None while there is none.

    It is a day ago where no replica has beaten for a day: those of the last release do not.
    """
    beat = service_beat.c
    is_there = beat.beat_at >= now - _gap(lease)
    rows = await connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.min(sa.case((is_there, beat.started_at))),
        ).where(beat.service == _SERVICE, beat.beat_at >= now - _KEPT)
    )
    replicas, since = rows.one()
    return since if replicas else now - _KEPT


def _gap(lease: timedelta) -> timedelta:
    return lease * _LONGEST_GAP / BEATS_PER_LEASE
