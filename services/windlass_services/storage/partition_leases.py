"""Which replica consumes which partition: lease rows, shared out fairly, taken over on expiry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage import service_beats
from windlass_services.storage.tables import partition_lease, service_beat
from windlass_services.storage.upserts import insert_into


@dataclass(frozen=True, slots=True)
class Member:
    """A replica that asks for its share of a topic's partitions."""

    instance_id: UUID
    service: str
    topic: str
    group: str


async def beat(
    connection: AsyncConnection, member: Member, *, started_at: datetime, now: datetime
) -> None:
    """Say that this replica is alive."""
    await service_beats.beat(
        connection, member.instance_id, member.service, started_at=started_at, now=now
    )


async def hold_partitions(
    connection: AsyncConnection, member: Member, *, partitions: int, now: datetime, term: timedelta
) -> frozenset[int]:
    """Renew this replica's leases up to its fair share, take what is free, give up what is over.

    Returns what it owns until `now + term`. Each change of owner raises the lease's generation.
    """
    share = ceil(partitions / await _live_members(connection, member, now, term))
    held = await _leases(connection, member)
    mine = [lease.partition for lease in held if lease.owner == str(member.instance_id)]
    kept, over = mine[:share], mine[share:]
    taken_by_others = {
        lease.partition
        for lease in held
        if lease.owner != str(member.instance_id) and lease.expires_at > now
    }
    free = [n for n in range(partitions) if n not in taken_by_others and n not in mine]
    # In one order for all: two replicas must not wait for each other.
    wanted = sorted(kept + free[: share - len(kept)])
    if over:
        await connection.execute(sa.delete(partition_lease).where(_mine(member, over)))
    return await _take(connection, member, wanted, now, now + term)


async def leave(connection: AsyncConnection, member: Member) -> None:
    """Give everything up at once: a successor need not wait for the leases to expire."""
    await connection.execute(
        sa.delete(partition_lease).where(
            partition_lease.c.topic == member.topic,
            partition_lease.c.consumer_group == member.group,
            partition_lease.c.owner == str(member.instance_id),
        )
    )
    await service_beats.end_beat(connection, member.instance_id)


async def _live_members(
    connection: AsyncConnection, member: Member, now: datetime, term: timedelta
) -> int:
    counted = await connection.execute(
        sa.select(sa.func.count())
        .select_from(service_beat)
        .where(service_beat.c.service == member.service, service_beat.c.beat_at > now - term)
    )
    return max(counted.scalar_one(), 1)


async def _leases(connection: AsyncConnection, member: Member) -> Sequence[Any]:
    rows = await connection.execute(
        sa.select(partition_lease)
        .where(
            partition_lease.c.topic == member.topic,
            partition_lease.c.consumer_group == member.group,
        )
        .order_by(partition_lease.c.partition)
    )
    return rows.all()


async def _take(
    connection: AsyncConnection,
    member: Member,
    wanted: Sequence[int],
    now: datetime,
    expires_at: datetime,
) -> frozenset[int]:
    owner = str(member.instance_id)
    owned: set[int] = set()
    for partition in wanted:
        insert = insert_into(connection, partition_lease).values(
            topic=member.topic,
            consumer_group=member.group,
            partition=partition,
            owner=owner,
            generation=1,
            expires_at=expires_at,
        )
        is_mine = partition_lease.c.owner == owner
        taken = await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["topic", "consumer_group", "partition"],
                set_={
                    "owner": owner,
                    "expires_at": expires_at,
                    "generation": partition_lease.c.generation + sa.case((is_mine, 0), else_=1),
                },
                where=sa.or_(is_mine, partition_lease.c.expires_at <= now),
            ).returning(partition_lease.c.partition)
        )
        owned.update(taken.scalars())
    return frozenset(owned)


def _mine(member: Member, partitions: Sequence[int]) -> sa.ColumnElement[bool]:
    return sa.and_(
        partition_lease.c.topic == member.topic,
        partition_lease.c.consumer_group == member.group,
        partition_lease.c.partition.in_(partitions),
        partition_lease.c.owner == str(member.instance_id),
    )
