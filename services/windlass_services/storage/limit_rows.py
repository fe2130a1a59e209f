"""Rows of limits and of leases, as the slots of a limit are counted from them.

Whoever touches leases has locked their limits before, in the order of their ids; only who skips
what is locked need not.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.tables import concurrency_limit, slot_lease

TAG_PREFIX: Final = "tag:"
"""The limit of the tag `x` is named `tag:x`."""


def tag_limit_name(tag: str) -> str:
    """The name of the limit of a tag."""
    return TAG_PREFIX + tag


async def limits_exist(connection: AsyncConnection, scope: Scope, names: Sequence[str]) -> bool:
    """Whether there is a limit of any of these names; locks nothing."""
    found = await connection.execute(
        sa.select(concurrency_limit.c.id).where(_named(scope, names)).limit(1)
    )
    return found.scalar_one_or_none() is not None


async def lock_named_limits(
    connection: AsyncConnection, scope: Scope, names: Sequence[str], *, now: datetime
) -> list[LimitCounts]:
    """The limits of these names, settled, which stay locked until the transaction ends."""
    return await _lock(connection, _named(scope, names), now) if names else []


async def lock_limits_of_lease(
    connection: AsyncConnection, scope: Scope, lease_id: UUID, *, now: datetime
) -> list[LimitCounts]:
    """The limits in which a lease holds slots, likewise."""
    held = sa.select(slot_lease.c.concurrency_limit_id).where(
        slot_lease.c.id == lease_id, slot_lease.c.workspace_id == scope.workspace_id
    )
    return await _lock(connection, concurrency_limit.c.id.in_(held), now)


async def lock_limit(
    connection: AsyncConnection, clause: sa.ColumnElement[bool], *, now: datetime
) -> LimitCounts | None:
    """The one limit that `clause` names, likewise; None if there is none."""
    found = await _lock(connection, clause, now)
    return found[0] if found else None


async def write_counts(
    connection: AsyncConnection, before: Iterable[LimitCounts], after: Iterable[LimitCounts]
) -> None:
    """Write what became of locked limits; those that are as before cost nothing."""
    changed = [
        _counts(new) for old, new in zip(before, after, strict=True) if _counts(old) != _counts(new)
    ]
    if changed:
        await connection.execute(_WRITE, changed)


def counts_of(row: Mapping[Any, Any], leased: int) -> LimitCounts:
    """A limit from its row and the slots of its leases."""
    return LimitCounts(
        id=row["id"],
        name=row["name"],
        limit=row["limit"],
        active=row["active"],
        leased=leased,
        unleased=row["unleased_slots"],
        denied=row["denied_slots"],
        decay=row["slot_decay_per_second"],
        average_occupancy=row["avg_slot_occupancy_seconds"],
        decayed_until=row["decayed_until"],
    )


def _named(scope: Scope, names: Sequence[str]) -> sa.ColumnElement[bool]:
    in_workspace = concurrency_limit.c.workspace_id == scope.workspace_id
    return sa.and_(in_workspace, concurrency_limit.c.name.in_(names))


async def _lock(
    connection: AsyncConnection, clause: sa.ColumnElement[bool], now: datetime
) -> list[LimitCounts]:
    """The counts of locked limits. An expired lease ends here, before anyone counts its slots.

    Were it only passed over, its holder, whose clock may be behind, could renew it afterwards.
    """
    locked = await connection.execute(
        sa.select(concurrency_limit)
        .where(clause)
        .order_by(concurrency_limit.c.id)
        .with_for_update()
    )
    rows = locked.mappings().all()
    if not rows:
        return []
    of_limits = slot_lease.c.concurrency_limit_id.in_([row["id"] for row in rows])
    await connection.execute(sa.delete(slot_lease).where(of_limits, slot_lease.c.expires_at <= now))
    summed = await connection.execute(_LEASED.where(of_limits))
    leased = {id: slots for id, slots in summed.all()}
    return [counts_of(row, leased.get(row["id"], 0)).settled(now) for row in rows]


def _counts(limit: LimitCounts) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "of_limit": limit.id,
        "unleased": limit.unleased,
        "denied": limit.denied,
        "average": limit.average_occupancy,
        "until": limit.decayed_until,
    }
    return counts


_LEASED: Final = sa.select(
    slot_lease.c.concurrency_limit_id, sa.func.sum(slot_lease.c.slots)
).group_by(slot_lease.c.concurrency_limit_id)
_WRITE: Final = (
    sa.update(concurrency_limit)
    .where(concurrency_limit.c.id == sa.bindparam("of_limit"))
    .values(
        unleased_slots=sa.bindparam("unleased"),
        denied_slots=sa.bindparam("denied"),
        avg_slot_occupancy_seconds=sa.bindparam("average"),
        decayed_until=sa.bindparam("until"),
    )
)
