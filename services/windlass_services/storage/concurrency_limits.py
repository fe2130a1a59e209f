"""Concurrency limits: made, listed, changed and deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitV2,
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    GlobalConcurrencyLimitResponse,
)
from windlass_services.storage.limit_rows import (
    counts_of,
    lock_limit,
    tag_limit_name,
)
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.tables import concurrency_limit, slot_lease
from windlass_services.storage.upserts import insert_into

FIRST_OCCUPANCY: Final = 2.0
"""Seconds for which a slot is taken to be held, until it is known better."""


@dataclass(frozen=True, slots=True)
class LimitKey:
    """Which limit: that of this id, or that of this name."""

    id: UUID | None = None
    name: str | None = None

    @classmethod
    def of_tag(cls, tag: str) -> "LimitKey":
        """The limit of a tag."""
        return cls(name=tag_limit_name(tag))

    def clause(self, scope: Scope) -> sa.ColumnElement[bool]:
        """The rows that are meant: one or none."""
        column = concurrency_limit.c
        is_it = column.id == self.id if self.id is not None else column.name == self.name
        return sa.and_(column.workspace_id == scope.workspace_id, is_it)

    def missing(self) -> ObjectNotFound:
        """What to raise when there is none."""
        if self.id is not None:
            return ObjectNotFound(f"There is no concurrency limit with the id {self.id}.")
        return ObjectNotFound(f"There is no concurrency limit named {self.name!r}.")


async def create_limit(
    connection: AsyncConnection, scope: Scope, wanted: ConcurrencyLimitV2Create, *, now: datetime
) -> ConcurrencyLimitV2:
    """Make a limit. Raises `ObjectAlreadyExists`."""
    row = new_limit_row(scope, wanted, now)
    insert = insert_into(connection, concurrency_limit).values(row)
    made = await connection.execute(
        insert.on_conflict_do_nothing().returning(concurrency_limit.c.id)
    )
    if made.scalar_one_or_none() is None:
        raise _taken(wanted.name)
    return ConcurrencyLimitV2(
        id=row["id"],
        created=now,
        updated=now,
        avg_slot_occupancy_seconds=FIRST_OCCUPANCY,
        **wanted.model_dump(),
    )


async def read_limit(
    connection: AsyncConnection, scope: Scope, key: LimitKey, *, now: datetime
) -> GlobalConcurrencyLimitResponse:
    """Raises `ObjectNotFound`."""
    found = await counted_limits(connection, key.clause(scope), Window(1), now)
    if not found:
        raise key.missing()
    return _response(*found[0])


async def read_limits(
    connection: AsyncConnection, scope: Scope, window: Window, *, now: datetime
) -> list[GlobalConcurrencyLimitResponse]:
    """One window of all limits, by name."""
    clause = concurrency_limit.c.workspace_id == scope.workspace_id
    return [_response(*found) for found in await counted_limits(connection, clause, window, now)]


async def update_limit(
    connection: AsyncConnection,
    scope: Scope,
    key: LimitKey,
    update: ConcurrencyLimitV2Update,
    *,
    now: datetime,
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`, `ObjectAlreadyExists`.

    Leases that do not fit into a new number of active slots end, those taken last first.
    """
    limit = await lock_limit(connection, key.clause(scope), now=now)
    if limit is None:
        raise key.missing()
    changes = update.model_dump(exclude_unset=True, exclude_none=True)
    values: dict[str, Any] = {name: changes[name] for name in _PLAIN if name in changes}
    unleased = limit.unleased
    if "active_slots" in changes:
        kept = await _keep_leases(connection, limit.id, changes["active_slots"])
        unleased = changes["active_slots"] - kept
    change = (
        sa.update(concurrency_limit)
        .where(concurrency_limit.c.id == limit.id)
        .values(
            **values,
            unleased_slots=unleased,
            denied_slots=changes.get("denied_slots", limit.denied),
            decayed_until=limit.decayed_until,
            updated=now,
        )
    )
    try:
        await connection.execute(change)
    except IntegrityError as error:
        raise _taken(changes["name"]) from error


async def delete_limit(
    connection: AsyncConnection, scope: Scope, key: LimitKey, *, now: datetime
) -> None:
    """Delete a limit with its leases. Raises `ObjectNotFound`."""
    limit = await lock_limit(connection, key.clause(scope), now=now)
    if limit is None:
        raise key.missing()
    is_its = slot_lease.c.concurrency_limit_id == limit.id
    await connection.execute(sa.delete(slot_lease).where(is_its))
    await connection.execute(sa.delete(concurrency_limit).where(concurrency_limit.c.id == limit.id))


async def counted_limits(
    connection: AsyncConnection, clause: sa.ColumnElement[bool], window: Window, now: datetime
) -> list[tuple[sa.RowMapping, LimitCounts]]:
    """One window of limits, by name: their rows, and what is occupied of them."""
    leased = (
        sa.select(sa.func.coalesce(sa.func.sum(slot_lease.c.slots), 0))
        .where(
            slot_lease.c.concurrency_limit_id == concurrency_limit.c.id,
            slot_lease.c.expires_at > now,
        )
        .scalar_subquery()
    )
    rows = await connection.execute(
        in_window(
            sa.select(concurrency_limit, leased.label("leased"))
            .where(clause)
            .order_by(concurrency_limit.c.name),
            window,
        )
    )
    return [(row, counts_of(row, row["leased"]).settled(now)) for row in rows.mappings()]


async def _keep_leases(connection: AsyncConnection, limit_id: UUID, most: int) -> int:
    """End the leases that do not fit into so many slots; returns the slots of the others."""
    leases = await connection.execute(
        sa.select(slot_lease.c.id, slot_lease.c.slots)
        .where(slot_lease.c.concurrency_limit_id == limit_id)
        .order_by(slot_lease.c.acquired_at, slot_lease.c.id)
    )
    kept, ended = 0, list[UUID]()
    for id, slots in leases.all():
        if ended or kept + slots > most:
            ended.append(id)
        else:
            kept += slots
    await connection.execute(
        sa.delete(slot_lease).where(
            slot_lease.c.concurrency_limit_id == limit_id, slot_lease.c.id.in_(ended)
        )
    )
    return kept


def new_limit_row(scope: Scope, wanted: ConcurrencyLimitV2Create, now: datetime) -> dict[str, Any]:
    """The row of a limit that is made now."""
    return {
        "id": uuid7(),
        "workspace_id": scope.workspace_id,
        "name": wanted.name,
        "limit": wanted.limit,
        "active": wanted.active,
        "unleased_slots": wanted.active_slots,
        "denied_slots": wanted.denied_slots,
        "slot_decay_per_second": wanted.slot_decay_per_second,
        "avg_slot_occupancy_seconds": FIRST_OCCUPANCY,
        "decayed_until": now,
        "created": now,
        "updated": now,
    }


def _response(row: sa.RowMapping, limit: LimitCounts) -> GlobalConcurrencyLimitResponse:
    return GlobalConcurrencyLimitResponse(
        id=limit.id,
        created=row["created"],
        updated=row["updated"],
        active=limit.active,
        name=limit.name,
        limit=limit.limit,
        active_slots=limit.active_slots,
        slot_decay_per_second=limit.decay,
    )


def _taken(name: str) -> ObjectAlreadyExists:
    return ObjectAlreadyExists(f"A concurrency limit named {name!r} exists already.")


_PLAIN: Final = ("active", "name", "limit", "slot_decay_per_second")
