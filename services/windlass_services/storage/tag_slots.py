"""Slots of tags, held by task runs: by those that ask for them, and by those the server runs.

The lease of a task run has the id of the run. Nobody renews it from outside: it lasts as long as
the run is running, by `renew_leases_of_running_tasks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder
from windlass.schemas.states import TERMINAL_STATES, StateType
from windlass_services.storage.limit_rows import (
    TAG_PREFIX,
    lock_limits_of_lease,
    lock_named_limits,
    tag_limit_name,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.slots import Lease, hold, release_in
from windlass_services.storage.tables import flow_run, slot_lease, task_run

TERM: Final = timedelta(minutes=5)
"""How long a slot outlives the last time its task run was seen running."""


@dataclass(frozen=True, slots=True)
class TagFull:
    """The limit of this tag has no slot left."""

    tag: str


@dataclass(frozen=True, slots=True)
class TagClosed:
    """The limit of this tag is 0: no waiting helps."""

    tag: str


TagVerdict: TypeAlias = Sequence[LimitCounts] | TagFull | TagClosed


@dataclass(frozen=True, slots=True)
class TagCounts:
    """Limits of the limited ones of some tags, and the slots that other runs hold in them."""

    limits: Mapping[str, int]
    taken: Mapping[str, int]


async def take_tag_slots(
    connection: AsyncConnection,
    scope: Scope,
    tags: Sequence[str],
    task_run_id: UUID,
    *,
    now: datetime,
) -> TagVerdict:
    """A slot of every limited tag for a task run, or none. A run that has them keeps them."""
    limits = await _lock(connection, scope, tags, now)
    own = await _held(connection, task_run_id)
    for limit in limits:
        if limit.limit == 0:
            return TagClosed(_tag(limit))
        if limit.id not in own and not limit.has_room_for(1):
            return TagFull(_tag(limit))
    await _hold(connection, scope, task_run_id, limits, now)
    return limits


async def give_back_tag_slots(
    connection: AsyncConnection,
    scope: Scope,
    tags: Sequence[str],
    task_run_id: UUID,
    *,
    now: datetime,
) -> Sequence[LimitCounts]:
    """Give back what a task run holds of these tags; the limits of all of them are returned."""
    limits = await _lock(connection, scope, tags, now)
    await release_in(connection, task_run_id, limits, now=now)
    return limits


async def lock_tag_counts(
    connection: AsyncConnection,
    scope: Scope,
    tags: Sequence[str],
    task_run_id: UUID,
    *,
    now: datetime,
) -> TagCounts:
    """What a task run with these tags has to look at; stays so until the transaction ends."""
    limits = await _lock(connection, scope, tags, now)
    own = await _held(connection, task_run_id) if limits else frozenset[UUID]()
    return TagCounts(
        {_tag(limit): limit.limit for limit in limits},
        {_tag(limit): limit.active_slots - (limit.id in own) for limit in limits},
    )


async def hold_tag_slots(
    connection: AsyncConnection,
    scope: Scope,
    tags: Sequence[str],
    task_run_id: UUID,
    *,
    now: datetime,
) -> None:
    """Let a task run hold a slot of each of these tags, which are limited and locked."""
    await _hold(connection, scope, task_run_id, await _lock(connection, scope, tags, now), now)


async def release_tag_slots(
    connection: AsyncConnection, scope: Scope, task_run_id: UUID, *, now: datetime
) -> None:
    """Give back every slot that a task run holds."""
    limits = await lock_limits_of_lease(connection, scope, task_run_id, now=now)
    await release_in(connection, task_run_id, limits, now=now)


async def renew_leases_of_running_tasks(
    connection: AsyncConnection, *, now: datetime, limit: int
) -> int:
    """Let the leases of task runs that are running last a term from now; returns how many did.

    A task run whose flow run is over is not running, whatever its record says.
    """
    due = (
        sa.select(slot_lease.c.id, slot_lease.c.concurrency_limit_id)
        .join(task_run, task_run.c.id == slot_lease.c.id)
        .outerjoin(flow_run, flow_run.c.id == task_run.c.flow_run_id)
        .where(
            slot_lease.c.expires_at > now,
            slot_lease.c.expires_at <= now + TERM / 2,
            task_run.c.state_type.in_(_RUNNING),
            sa.or_(flow_run.c.state_type.is_(None), flow_run.c.state_type.not_in(_FINAL)),
        )
        .order_by(slot_lease.c.expires_at)
        .limit(limit)
        .with_for_update(of=slot_lease, skip_locked=True)
    )
    keys = [tuple(row) for row in (await connection.execute(due)).all()]
    if keys:
        is_due = sa.tuple_(slot_lease.c.id, slot_lease.c.concurrency_limit_id).in_(keys)
        await connection.execute(sa.update(slot_lease).where(is_due).values(expires_at=now + TERM))
    return len(keys)


async def delete_expired_leases(connection: AsyncConnection, *, now: datetime, limit: int) -> int:
    """Delete leases that are over; returns how many. Their slots were free as soon as asked for."""
    over = (
        sa.select(slot_lease.c.id, slot_lease.c.concurrency_limit_id)
        .where(slot_lease.c.expires_at <= now)
        .order_by(slot_lease.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = [tuple(row) for row in (await connection.execute(over)).all()]
    if keys:
        is_over = sa.tuple_(slot_lease.c.id, slot_lease.c.concurrency_limit_id).in_(keys)
        await connection.execute(sa.delete(slot_lease).where(is_over))
    return len(keys)


async def _lock(
    connection: AsyncConnection, scope: Scope, tags: Sequence[str], now: datetime
) -> list[LimitCounts]:
    names = [tag_limit_name(tag) for tag in tags]
    limits = await lock_named_limits(connection, scope, names, now=now)
    return [limit for limit in limits if limit.active]


async def _held(connection: AsyncConnection, task_run_id: UUID) -> frozenset[UUID]:
    held = await connection.execute(
        sa.select(slot_lease.c.concurrency_limit_id).where(slot_lease.c.id == task_run_id)
    )
    return frozenset(held.scalars())


async def _hold(
    connection: AsyncConnection,
    scope: Scope,
    task_run_id: UUID,
    limits: Sequence[LimitCounts],
    now: datetime,
) -> None:
    await hold(connection, scope, task_run_lease(task_run_id, now), limits, slots=1, now=now)


def task_run_lease(task_run_id: UUID, now: datetime) -> Lease:
    """The lease of a task run."""
    holder = ConcurrencyLeaseHolder(type="task_run", id=task_run_id)
    return Lease(task_run_id, now + TERM, holder)


def _tag(limit: LimitCounts) -> str:
    return limit.name.removeprefix(TAG_PREFIX)


_RUNNING: Final = (StateType.RUNNING.value, StateType.CANCELLING.value)
_FINAL: Final = tuple(sorted(type.value for type in TERMINAL_STATES))
