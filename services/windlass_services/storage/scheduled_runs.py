"""Runs that wait for their time: removed when what they were made from changes."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.states import StateType
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.tables import dispatchable, execution, flow_run, flow_run_state, log


async def remove_auto_scheduled_runs(connection: AsyncConnection, which: Clause) -> int:
    """Delete the runs of a clause that a schedule made and that never started."""
    return await _remove(connection, sa.and_(which, flow_run.c.auto_scheduled))


async def remove_waiting_runs(connection: AsyncConnection, which: Clause) -> int:
    """Delete the runs of a clause that never started, whoever made them."""
    return await _remove(connection, which)


async def _remove(connection: AsyncConnection, which: Clause) -> int:
    never_started = sa.and_(flow_run.c.state_type == StateType.SCHEDULED, flow_run.c.run_count == 0)
    # The rows are locked in order of their ids before anything is deleted, as a claim or a
    # transition would: one that was quicker has moved its run on, and the run stays.
    locked = await connection.execute(
        sa.select(flow_run.c.id)
        .where(which, never_started)
        .order_by(flow_run.c.id)
        .with_for_update()
    )
    ids: Sequence[UUID] = locked.scalars().all()
    if ids:
        for table in (dispatchable, execution, flow_run_state, log):
            await connection.execute(sa.delete(table).where(table.c.flow_run_id.in_(ids)))
        await connection.execute(sa.delete(flow_run).where(flow_run.c.id.in_(ids)))
    return len(ids)
