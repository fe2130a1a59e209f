"""Deleting flow runs with all that is theirs, as many at a time as a short transaction takes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    dispatchable,
    flow_run,
    flow_run_input,
    flow_run_state,
    log,
    task_run,
    task_run_state,
)
from windlass_services.storage.teardowns import delete_executions

RUNS_AT_ONCE: Final = 200
ROWS_AT_ONCE: Final = 500
"""Task runs and logs in one transaction: of these a single run may have any number."""


async def delete_runs(
    connection: AsyncConnection, scope: Scope, which: Clause, *, now: datetime
) -> None:
    """Delete every run of a clause."""
    ids = await _lock(connection, scope, which)
    for start in range(0, len(ids), RUNS_AT_ONCE):
        part = ids[start : start + RUNS_AT_ONCE]
        while await _clear(connection, scope, part) >= ROWS_AT_ONCE:
            pass
        await _delete(connection, part, now)


async def delete_some_runs(
    connection: AsyncConnection, scope: Scope, which: Clause, *, now: datetime
) -> bool:
    """Delete some of the runs of a clause, the oldest first; whether there are more.

    The row of a run goes last: until then whoever comes next finds by it what is left.
    """
    ids = await _lock(connection, scope, which, RUNS_AT_ONCE)
    if await _clear(connection, scope, ids) >= ROWS_AT_ONCE:
        return True
    await _delete(connection, ids, now)
    return len(ids) == RUNS_AT_ONCE


async def _lock(
    connection: AsyncConnection, scope: Scope, which: Clause, limit: int | None = None
) -> Sequence[UUID]:
    locked = await connection.execute(
        sa.select(flow_run.c.id)
        .where(flow_run.c.workspace_id == scope.workspace_id, which)
        .order_by(flow_run.c.id)
        .limit(limit)
        .with_for_update()
    )
    return locked.scalars().all()


async def _clear(connection: AsyncConnection, scope: Scope, flow_run_ids: Sequence[UUID]) -> int:
    """Delete task runs with their states, and logs, up to `ROWS_AT_ONCE`; how many went."""
    if not flow_run_ids:
        return 0
    of_runs = sa.and_(
        task_run.c.workspace_id == scope.workspace_id, task_run.c.flow_run_id.in_(flow_run_ids)
    )
    found = await connection.execute(sa.select(task_run.c.id).where(of_runs).limit(ROWS_AT_ONCE))
    tasks = found.scalars().all()
    of_tasks = task_run_state.c.task_run_id.in_(tasks)
    await connection.execute(sa.delete(task_run_state).where(of_tasks))
    await connection.execute(sa.delete(task_run).where(task_run.c.id.in_(tasks)))
    key = sa.tuple_(log.c.day, log.c.id)
    oldest = (
        sa.select(log.c.day, log.c.id)
        .where(log.c.flow_run_id.in_(flow_run_ids))
        .limit(ROWS_AT_ONCE - len(tasks))
    )
    logs = await connection.execute(sa.delete(log).where(key.in_(oldest)))
    return len(tasks) + logs.rowcount


async def _delete(connection: AsyncConnection, flow_run_ids: Sequence[UUID], now: datetime) -> None:
    await delete_executions(connection, flow_run_ids, now=now)
    for table in (dispatchable, flow_run_input, flow_run_state):
        await connection.execute(sa.delete(table).where(table.c.flow_run_id.in_(flow_run_ids)))
    await connection.execute(sa.delete(flow_run).where(flow_run.c.id.in_(flow_run_ids)))
