"""Runs that wait for their time: removed or moved when what they were made from changes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.states import StateType
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.tables import (
    HELD_BACK,
    NOT_DUE,
    dispatchable,
    execution,
    flow_run,
    flow_run_input,
    flow_run_state,
    log,
)

_PART: Final = 1_000
"""Ids in one statement: PostgreSQL takes at most 32,767 parameters."""


async def remove_auto_scheduled_runs(connection: AsyncConnection, which: Clause) -> int:
    """Delete the runs of a clause that a schedule made and that never started."""
    return await remove_waiting_runs(connection, sa.and_(which, flow_run.c.auto_scheduled))


async def remove_waiting_runs(
    connection: AsyncConnection, which: Clause, *, limit: int | None = None
) -> int:
    """Delete the runs of a clause that never started, whoever made them; how many went."""
    ids = await _lock_scheduled(connection, sa.and_(which, flow_run.c.run_count == 0), limit)
    for part in _parts(ids):
        for table in (dispatchable, execution, flow_run_input, flow_run_state, log):
            await connection.execute(sa.delete(table).where(table.c.flow_run_id.in_(part)))
        await connection.execute(sa.delete(flow_run).where(flow_run.c.id.in_(part)))
    return len(ids)


async def move_scheduled_runs(
    connection: AsyncConnection, which: Clause, *, work_queue_id: UUID
) -> None:
    """Let the scheduled runs of a clause wait in another queue of the same pool: those in line come
    in line there, as they were due."""
    for part in _parts(await _lock_scheduled(connection, which)):
        await connection.execute(
            sa.update(flow_run).where(flow_run.c.id.in_(part)).values(work_queue_id=work_queue_id)
        )
        await connection.execute(
            sa.update(dispatchable)
            .where(dispatchable.c.flow_run_id.in_(part))
            .values(
                work_queue_id=work_queue_id,
                rank=sa.case((dispatchable.c.rank < HELD_BACK, NOT_DUE), else_=dispatchable.c.rank),
            )
        )


async def ask_for_slots_again(
    connection: AsyncConnection, deployment_id: UUID, *, now: datetime
) -> None:
    """Let all runs of a deployment come in line that had no slot: its limit has changed."""
    await connection.execute(
        sa.update(dispatchable)
        .where(
            dispatchable.c.deployment_id == deployment_id,
            dispatchable.c.rank >= sa.literal_column(str(HELD_BACK)),
            dispatchable.c.rank < sa.literal_column(str(NOT_DUE)),
        )
        .values(due_at=now, rank=NOT_DUE)
    )


async def strand_scheduled_runs(
    connection: AsyncConnection,
    which: Clause,
    *,
    reason: str,
    now: datetime,
    limit: int | None = None,
) -> int:
    """Leave the scheduled runs of a clause without a pool; their record says why. How many."""
    ids = await _lock_scheduled(connection, which, limit)
    for part in _parts(ids):
        await connection.execute(
            sa.update(flow_run)
            .where(flow_run.c.id.in_(part))
            .values(work_pool_id=None, work_queue_id=None, blocking_reason=reason, updated=now)
        )
        await connection.execute(
            sa.delete(dispatchable).where(dispatchable.c.flow_run_id.in_(part))
        )
    return len(ids)


async def _lock_scheduled(
    connection: AsyncConnection, which: Clause, limit: int | None = None
) -> Sequence[UUID]:
    """The ids of the scheduled runs of a clause, locked in their order and before anything else of
    theirs: who is quicker has moved its run on, and the run stays."""
    locked = await connection.execute(
        sa.select(flow_run.c.id)
        .where(which, flow_run.c.state_type == StateType.SCHEDULED)
        .order_by(flow_run.c.id)
        .limit(limit)
        .with_for_update()
    )
    return locked.scalars().all()


def _parts(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _PART):
        yield ids[start : start + _PART]
