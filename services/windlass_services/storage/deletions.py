"""Clearing what was of a deleted object: a first part with it, the rest in the background.

What is small goes with its object, in one transaction. Of what is not, a row of `deletion` says
that there is more, and each part is a transaction: whoever dies in the middle leaves the rest to
the next one. Meanwhile no worker is given any of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass_services.storage.blocking_reasons import WORK_POOL_DELETED
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.deleted_runs import RunDeletion
from windlass_services.storage.run_deletion import clear_history, delete_some_runs
from windlass_services.storage.scheduled_runs import remove_waiting_runs, strand_scheduled_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import deletion, dispatchable, flow_run

WAITING_AT_ONCE: Final = 500
"""Runs that wait, in one transaction: a handful of rows each."""
LATE: Final = timedelta(hours=1)
"""How long after a flow run was cleared what came late is cleared. By then no process of it is
left, and no transaction that still saw the run."""


class Deleted(StrEnum):
    """What was deleted; the scheduler clears what was of it."""

    FLOW = "flow"
    """All of its runs go."""
    DEPLOYMENT = "deployment"
    """Its runs that never started go."""
    WORK_POOL = "work_pool"
    """Its scheduled runs stay, without a pool."""


async def clear_after(
    connection: AsyncConnection, scope: Scope, deleted: Deleted, id: UUID, *, now: datetime
) -> None:
    """Clear what was of an object that this transaction deletes, or begin to."""
    kind = _KINDS[deleted]
    which = kind.runs_of(id)
    if not await kind.clear_some(connection, scope, which, now):
        return
    waiting = sa.select(flow_run.c.id).where(
        flow_run.c.workspace_id == scope.workspace_id,
        which,
        # Spelt out, so that the partial indexes on scheduled runs serve it.
        flow_run.c.state_type == sa.literal_column("'SCHEDULED'"),
    )
    await connection.execute(sa.delete(dispatchable).where(dispatchable.c.flow_run_id.in_(waiting)))
    await connection.execute(
        sa.insert(deletion).values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            kind=deleted.value,
            object_id=id,
            created=now,
        )
    )


async def clear_more(connection: AsyncConnection, *, now: datetime) -> bool:
    """Clear a part of the object that was deleted first; whether there was anything to do."""
    rows = await connection.execute(
        sa.select(deletion)
        .where(
            # What a newer version deletes, a newer version clears.
            deletion.c.kind.in_([kind.value for kind in (*Deleted, *RunDeletion)]),
            sa.or_(deletion.c.kind != RunDeletion.LATE.value, deletion.c.created <= now - LATE),
        )
        .order_by(deletion.c.created, deletion.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        return False
    if not await _clear(connection, row, now):
        await _finish(connection, row, now)
    return True


async def _clear(connection: AsyncConnection, row: sa.RowMapping, now: datetime) -> bool:
    """Whether there is more."""
    scope = Scope(row["workspace_id"], "service:scheduler")
    id: UUID = row["object_id"]
    match row["kind"]:
        case RunDeletion.HISTORY:
            return await clear_history(connection, scope, [id], under_way=False)
        case RunDeletion.LATE:
            return await clear_history(connection, scope, [id], under_way=True)
        case deleted:
            kind = _KINDS[Deleted(deleted)]
            return await kind.clear_some(connection, scope, kind.runs_of(id), now)


async def _finish(connection: AsyncConnection, row: sa.RowMapping, now: datetime) -> None:
    this = deletion.c.id == row["id"]
    if row["kind"] != RunDeletion.HISTORY:
        await connection.execute(sa.delete(deletion).where(this))
        return
    late = {"kind": RunDeletion.LATE.value, "created": now}
    await connection.execute(sa.update(deletion).where(this).values(**late))


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which runs are concerned, and what becomes of some of them; whether there are more."""

    runs_of: Callable[[UUID], Clause]
    clear_some: Callable[[AsyncConnection, Scope, Clause, datetime], Awaitable[bool]]


async def _delete(connection: AsyncConnection, scope: Scope, which: Clause, now: datetime) -> bool:
    return await delete_some_runs(connection, scope, which, now=now)


async def _remove(connection: AsyncConnection, scope: Scope, which: Clause, _: datetime) -> bool:
    in_workspace = sa.and_(flow_run.c.workspace_id == scope.workspace_id, which)
    removed = await remove_waiting_runs(connection, in_workspace, limit=WAITING_AT_ONCE)
    return removed == WAITING_AT_ONCE


async def _strand(connection: AsyncConnection, scope: Scope, which: Clause, now: datetime) -> bool:
    in_workspace = sa.and_(flow_run.c.workspace_id == scope.workspace_id, which)
    stranded = await strand_scheduled_runs(
        connection, in_workspace, reason=WORK_POOL_DELETED, now=now, limit=WAITING_AT_ONCE
    )
    return stranded == WAITING_AT_ONCE


def _never_started(deployment_id: UUID) -> Clause:
    return sa.and_(flow_run.c.deployment_id == deployment_id, flow_run.c.run_count == 0)


_KINDS: Final[Mapping[Deleted, _Kind]] = {
    Deleted.FLOW: _Kind(lambda id: flow_run.c.flow_id == id, _delete),
    Deleted.DEPLOYMENT: _Kind(_never_started, _remove),
    Deleted.WORK_POOL: _Kind(lambda id: flow_run.c.work_pool_id == id, _strand),
}
