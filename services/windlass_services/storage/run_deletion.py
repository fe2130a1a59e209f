"""Deleting flow runs with all that is theirs, as many rows at a time as a short transaction takes.

Artifacts stay, as they stay with a stock server: they are results, and a key may name them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.deleted_runs import RunDeletion
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    deletion,
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
"""Task runs, states, inputs and logs in one transaction: a single run may have any number."""


async def delete_runs(
    connection: AsyncConnection, scope: Scope, which: Clause, *, now: datetime
) -> list[UUID]:
    """Delete every run of a clause, and begin with their histories; the ids of the runs.

    Nobody sees any of it from now on. The scheduler clears what is left, and what comes late.
    """
    ids = await _lock(connection, scope, which)
    for start in range(0, len(ids), RUNS_AT_ONCE):
        await _delete(connection, ids[start : start + RUNS_AT_ONCE], now)
    few = ids[:RUNS_AT_ONCE]
    is_more = len(few) < len(ids) or await clear_history(connection, scope, few, under_way=False)
    kind = RunDeletion.HISTORY if is_more else RunDeletion.LATE
    rows = [
        {"id": uuid7(), "kind": kind.value, "object_id": id, "created": now}
        | {"workspace_id": scope.workspace_id}
        for id in ids
    ]
    if rows:
        await connection.execute(sa.insert(deletion), rows)
    return list(ids)


async def delete_some_runs(
    connection: AsyncConnection, scope: Scope, which: Clause, *, now: datetime
) -> bool:
    """Delete some of the runs of a clause, the oldest first; whether there are more.

    The row of a run goes last: until then whoever comes next finds by it what is left.
    """
    ids = await _lock(connection, scope, which, RUNS_AT_ONCE)
    if await clear_history(connection, scope, ids, under_way=True):
        return True
    await _delete(connection, ids, now)
    return len(ids) == RUNS_AT_ONCE


async def clear_history(
    connection: AsyncConnection, scope: Scope, flow_run_ids: Sequence[UUID], *, under_way: bool
) -> bool:
    """Delete `ROWS_AT_ONCE` rows of these runs; whether there may be more.

    Without `under_way`, task runs stay that stand for a flow that is under way in the process of
    the run: by them the scheduler finds what ended with that process.
    """
    if not flow_run_ids:
        return False
    room = ROWS_AT_ONCE
    for table in (flow_run_input, flow_run_state):
        room -= await _delete_rows(connection, table, "flow_run_id", flow_run_ids, room)
    room -= await _clear_task_runs(connection, scope, flow_run_ids, room, under_way)
    room -= await _delete_rows(connection, log, "flow_run_id", flow_run_ids, room)
    return room <= 0


async def _clear_task_runs(
    connection: AsyncConnection,
    scope: Scope,
    flow_run_ids: Sequence[UUID],
    most: int,
    under_way: bool,
) -> int:
    of_runs = sa.and_(
        task_run.c.workspace_id == scope.workspace_id,
        task_run.c.flow_run_id.in_(flow_run_ids),
        sa.true() if under_way else ~_CALLED.exists(),
    )
    found = await connection.execute(sa.select(task_run.c.id).where(of_runs).limit(most))
    ids = found.scalars().all()
    states = await _delete_rows(connection, task_run_state, "task_run_id", ids, most)
    whole = ids[: most - states]
    # Their callers are gone; with an id of nothing they would not be among the runs without one.
    await connection.execute(
        sa.update(flow_run)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.parent_task_run_id.in_(whole),
        )
        .values(parent_task_run_id=None)
    )
    await connection.execute(sa.delete(task_run).where(task_run.c.id.in_(whole)))
    return states + len(whole)


async def _delete_rows(
    connection: AsyncConnection, table: sa.Table, name: str, of: Sequence[UUID], most: int
) -> int:
    """How many rows went."""
    if not of or most <= 0:
        return 0
    columns: list[sa.Column[Any]] = list(table.primary_key)
    some = sa.select(*columns).where(table.c[name].in_(of)).limit(most)
    key = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
    gone = await connection.execute(sa.delete(table).where(key.in_(some)))
    return gone.rowcount


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


async def _delete(connection: AsyncConnection, flow_run_ids: Sequence[UUID], now: datetime) -> None:
    await connection.execute(sa.delete(flow_run).where(flow_run.c.id.in_(flow_run_ids)))
    await delete_executions(connection, flow_run_ids, now=now)
    await connection.execute(
        sa.delete(dispatchable).where(dispatchable.c.flow_run_id.in_(flow_run_ids))
    )


_CHILD: Final = flow_run.alias("child")
_CALLED: Final = sa.select(_CHILD.c.id).where(
    _CHILD.c.workspace_id == task_run.c.workspace_id,
    _CHILD.c.parent_task_run_id == task_run.c.id,
    _CHILD.c.deployment_id.is_(None),
    _CHILD.c.state_type.in_(("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")),
)
