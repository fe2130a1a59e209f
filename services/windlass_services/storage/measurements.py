"""What the metrics of the control plane are measured by: counts that stop where they get long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.limit_rows import counts_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.tables import (
    HELD_BACK,
    NOT_DUE,
    PARTITIONED_BY_DAY,
    concurrency_limit,
    dispatchable,
    event,
    execution,
    outbox,
    slot_lease,
    work_pool,
    work_queue,
)

MOST_COUNTED: Final = 100_000
"""Where counts stop: beyond it they say nothing that this does not."""


@dataclass(frozen=True, slots=True)
class MeasuredQueue:
    """A work queue, and how many flow runs of it are due, held back or have its slots.

    `held` wait for a slot of their deployment; `due` do not look at the limits of pool and queue.
    """

    pool: str
    queue: str
    priority: int
    pool_limit: int | None
    queue_limit: int | None
    is_paused: bool
    due: int
    held: int
    live: int


async def measure_queues(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> list[MeasuredQueue]:
    """Every queue, by pool, then in the order in which claims take from them."""
    rows = await connection.execute(
        _QUEUES, {"workspace": scope.workspace_id, "now": now, "most": MOST_COUNTED}
    )
    return [MeasuredQueue(**row) for row in rows.mappings()]


async def measure_outbox(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """How many rows wait for the relay, and since when the oldest."""
    some = sa.select(outbox.c.id).limit(MOST_COUNTED).subquery()
    oldest = sa.select(outbox.c.created).order_by(outbox.c.id).limit(1).scalar_subquery()
    row = (await connection.execute(sa.select(sa.func.count(some.c.id), oldest))).one()
    return row[0], row[1]


async def measure_limits(
    connection: AsyncConnection, scope: Scope, *, most: int, now: datetime
) -> tuple[list[LimitCounts], int]:
    """The limits with the most slots taken, as of now, and how many there are beside them."""
    of_workspace = concurrency_limit.c.workspace_id == scope.workspace_id
    leased = (
        sa.select(slot_lease.c.concurrency_limit_id, sa.func.sum(slot_lease.c.slots).label("slots"))
        .where(slot_lease.c.expires_at > now)
        .group_by(slot_lease.c.concurrency_limit_id)
        .subquery()
    )
    taken = sa.func.coalesce(leased.c.slots, 0)
    rows = await connection.execute(
        sa.select(concurrency_limit, taken.label("leased"), sa.func.count().over().label("limits"))
        .outerjoin(leased, leased.c.concurrency_limit_id == concurrency_limit.c.id)
        .where(of_workspace)
        .order_by((taken + concurrency_limit.c.unleased_slots).desc(), concurrency_limit.c.name)
        .limit(most)
    )
    found = rows.mappings().all()
    counts = [counts_of(row, int(row["leased"])).settled(now) for row in found]
    return counts, found[0]["limits"] - len(found) if found else 0


async def oldest_event(connection: AsyncConnection, since: datetime | None) -> datetime | None:
    """When the first event of those received at `since` or later was received."""
    received = sa.select(event.c.received).order_by(event.c.received).limit(1)
    if since is not None:
        received = received.where(event.c.received >= since)
    return (await connection.execute(received)).scalar_one_or_none()


async def oldest_days(connection: AsyncConnection) -> Mapping[str, date]:
    """The oldest day that each table of history holds; tables without rows are left out."""
    oldest = [
        sa.select(sa.func.min(table.c.day)).scalar_subquery().label(table.name)
        for table in PARTITIONED_BY_DAY
    ]
    row = (await connection.execute(sa.select(*oldest))).mappings().one()
    return {name: day for name, day in row.items() if day is not None}


def _up_to_most(which: sa.Select[Any]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(which.limit(_MOST).subquery()).scalar_subquery()


_NOW: Final = sa.bindparam("now", type_=dispatchable.c.due_at.type)
_MOST: Final = sa.bindparam("most", type_=sa.Integer)
_DUE: Final = (
    sa.select(dispatchable.c.flow_run_id)
    .where(dispatchable.c.work_queue_id == work_queue.c.id, dispatchable.c.due_at <= _NOW)
    .correlate(work_queue)
)
_LIVE: Final = (
    sa.select(execution.c.id)
    .where(
        execution.c.work_pool_id == work_pool.c.id,
        execution.c.work_queue_id == work_queue.c.id,
        execution.c.ended_at.is_(None),
    )
    .correlate(work_pool, work_queue)
)
_HELD: Final = (
    sa.select(dispatchable.c.work_queue_id, sa.func.count().label("runs"))
    .where(
        dispatchable.c.workspace_id == sa.bindparam("workspace", type_=sa.Uuid),
        dispatchable.c.rank >= sa.literal_column(str(HELD_BACK)),
        dispatchable.c.rank < sa.literal_column(str(NOT_DUE)),
        dispatchable.c.due_at > _NOW,
    )
    .group_by(dispatchable.c.work_queue_id)
    .subquery()
)
_QUEUES: Final = (
    sa.select(
        work_pool.c.name.label("pool"),
        work_queue.c.name.label("queue"),
        work_queue.c.priority,
        work_pool.c.concurrency_limit.label("pool_limit"),
        work_queue.c.concurrency_limit.label("queue_limit"),
        sa.or_(work_pool.c.is_paused, work_queue.c.is_paused).label("is_paused"),
        _up_to_most(_DUE).label("due"),
        sa.func.coalesce(_HELD.c.runs, 0).label("held"),
        _up_to_most(_LIVE).label("live"),
    )
    .join_from(work_queue, work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    .outerjoin(_HELD, _HELD.c.work_queue_id == work_queue.c.id)
    .where(work_queue.c.workspace_id == sa.bindparam("workspace", type_=sa.Uuid))
    .order_by(work_pool.c.name, work_queue.c.priority, work_queue.c.id)
)
