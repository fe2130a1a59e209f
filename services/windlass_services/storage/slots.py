"""Slots of limits: taken all or none, held by leases, given back.

Every function works on locked limits in the caller's transaction: takers of the same limits queue,
so that a limit is never exceeded, whichever replicas they ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import RequestInvalid
from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder, SlotMode
from windlass_services.storage.limit_rows import (
    lock_limits_of_lease,
    lock_named_limits,
    write_counts,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.tables import slot_lease
from windlass_services.storage.upserts import insert_into

EMPTY_LEASE_ID: Final = UUID("00000000-0000-7000-8000-000000000000")
"""The lease of those who hold nothing: it needs no row, can be renewed and never ends."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many slots in every limit of these names; names without a limit are passed over."""

    names: Sequence[str]
    slots: int
    mode: SlotMode = "concurrency"


@dataclass(frozen=True, slots=True)
class Lease:
    """What holds slots until it is given back or `expires_at` is over."""

    id: UUID
    expires_at: datetime
    holder: ConcurrencyLeaseHolder | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Slots were taken in these limits, but for those that are not active."""

    limits: Sequence[LimitCounts]
    lease_id: UUID


@dataclass(frozen=True, slots=True)
class Full:
    """No slot was taken; it is worth asking again in so many seconds."""

    retry_after: float


async def take_slots(
    connection: AsyncConnection,
    scope: Scope,
    wanted: Wanted,
    *,
    now: datetime,
    lease: Lease | None = None,
) -> Taken | Full:
    """Take slots in all limits or in none; under `lease`, or until they are given back or decay.

    What a rate limit counts decays whether a lease is given or not. Raises `RequestInvalid` for
    more slots than a limit has, and for a rate limit whose slots do not decay.
    """
    limits = await lock_named_limits(connection, scope, wanted.names, now=now)
    active = [limit for limit in limits if limit.active]
    _check(active, wanted)
    full = [limit for limit in active if not limit.has_room_for(wanted.slots)]
    if full:
        refused = [limit.refused(wanted.slots) for limit in full]
        await write_counts(connection, full, refused)
        return Full(max(limit.wait_seconds(wanted.slots) for limit in refused))
    if lease is None or wanted.mode == "rate_limit":
        taken = [limit.taken(wanted.slots) for limit in active]
        await write_counts(connection, active, taken)
        return Taken(limits, EMPTY_LEASE_ID)
    await hold(connection, scope, lease, active, slots=wanted.slots, now=now)
    return Taken(limits, lease.id if active else EMPTY_LEASE_ID)


async def give_back_slots(
    connection: AsyncConnection,
    scope: Scope,
    names: Sequence[str],
    slots: int,
    *,
    now: datetime,
    occupied_for: float | None = None,
) -> Sequence[LimitCounts]:
    """Give back slots that no lease holds, in each limit at most those that are taken so."""
    limits = await lock_named_limits(connection, scope, names, now=now)
    active = [limit for limit in limits if limit.active]
    given = [limit.given_back(slots) for limit in active]
    if occupied_for is not None:
        given = [limit.occupied_for(occupied_for) for limit in given]
    await write_counts(connection, active, given)
    return limits


async def hold(
    connection: AsyncConnection,
    scope: Scope,
    lease: Lease,
    limits: Sequence[LimitCounts],
    *,
    slots: int,
    now: datetime,
) -> None:
    """Let `lease` hold slots of locked limits; one that holds some already lasts as long."""
    if not limits:
        return
    holder = None if lease.holder is None else lease.holder.model_dump(mode="json")
    rows = [
        {
            "id": lease.id,
            "workspace_id": scope.workspace_id,
            "concurrency_limit_id": limit.id,
            "slots": slots,
            "holder": holder,
            "acquired_at": now,
            "expires_at": lease.expires_at,
        }
        for limit in limits
    ]
    insert = insert_into(connection, slot_lease)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=[slot_lease.c.id, slot_lease.c.concurrency_limit_id],
            set_={"expires_at": insert.excluded.expires_at},
        ),
        rows,
    )


async def renew_lease(
    connection: AsyncConnection, scope: Scope, lease_id: UUID, until: datetime, *, now: datetime
) -> bool:
    """Let a lease last until then; False when it is over, and its slots may be others' by now."""
    if lease_id == EMPTY_LEASE_ID:
        return True
    await lock_limits_of_lease(connection, scope, lease_id, now=now)
    renewed = await connection.execute(
        sa.update(slot_lease)
        .where(slot_lease.c.id == lease_id, slot_lease.c.workspace_id == scope.workspace_id)
        .values(expires_at=until)
    )
    return bool(renewed.rowcount)


async def release_lease(
    connection: AsyncConnection, scope: Scope, lease_id: UUID, *, now: datetime
) -> Sequence[LimitCounts]:
    """Give back all that a lease holds. One that is over has been given back already."""
    if lease_id == EMPTY_LEASE_ID:
        return []
    limits = await lock_limits_of_lease(connection, scope, lease_id, now=now)
    return await release_in(connection, lease_id, limits, now=now)


async def release_in(
    connection: AsyncConnection, lease_id: UUID, limits: Sequence[LimitCounts], *, now: datetime
) -> Sequence[LimitCounts]:
    """Give back what a lease holds of these locked limits, and learn how long it was held."""
    if not limits:
        return []
    ended = await connection.execute(
        sa.delete(slot_lease)
        .where(
            slot_lease.c.id == lease_id,
            slot_lease.c.concurrency_limit_id.in_([limit.id for limit in limits]),
        )
        .returning(slot_lease.c.concurrency_limit_id, slot_lease.c.acquired_at)
    )
    since = {limit_id: acquired for limit_id, acquired in ended.all()}
    held = [limit for limit in limits if limit.id in since]
    learnt = [limit.occupied_for(_seconds(since[limit.id], now)) for limit in held]
    await write_counts(connection, held, learnt)
    return held


def _check(limits: Sequence[LimitCounts], wanted: Wanted) -> None:
    for limit in limits:
        if wanted.slots > limit.limit:
            raise RequestInvalid(
                f"The limit {limit.name!r} has {limit.limit} slots, and {wanted.slots} were asked"
                " for: no waiting makes them free. Ask for fewer, or raise the limit."
            )
    fixed = [limit.name for limit in limits if not limit.decay]
    if wanted.mode == "rate_limit" and fixed:
        names = ", ".join(repr(name) for name in fixed)
        raise RequestInvalid(
            f"The slots of {names} do not decay, as those of a rate limit must. Give the limit a"
            " `slot_decay_per_second`."
        )


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0)
