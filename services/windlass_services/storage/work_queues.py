"""Work queues: the lanes of a pool, in order of priority."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass.schemas.work_pools import WorkPool
from windlass.schemas.work_queues import (
    WorkQueue,
    WorkQueueCreate,
    WorkQueueUpdate,
)
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.work_queues import where_work_queues
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.queue_priorities import priorities_to_change
from windlass_services.storage.rows import readable
from windlass_services.storage.scheduled_runs import move_scheduled_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import (
    StatusChange,
    work_queue_change,
    work_queue_status,
)
from windlass_services.storage.tables import (
    deployment,
    flow_run,
    work_pool,
    work_queue,
)
from windlass_services.storage.work_pools import (
    read_work_pool,
)


async def create_work_queue(
    connection: AsyncConnection,
    scope: Scope,
    work_pool_name: str,
    create: WorkQueueCreate,
    *,
    now: datetime,
) -> WorkQueue:
    """Make a queue in a pool: last, or at its priority, which moves the holder of it down.

    Raises `ObjectNotFound` for the pool, `ObjectAlreadyExists` for a name that is taken.
    """
    pool = await read_work_pool(connection, scope, work_pool_name, lock=True)
    if await find_work_queue(connection, scope, pool.id, create.name) is not None:
        message = f"There is a work queue named {create.name!r} in {pool.name!r} already."
        raise ObjectAlreadyExists(message)
    id = uuid7()
    current = await _priorities(connection, pool.id)
    priority = create.priority or max(current.values(), default=0) + 1
    await _set_priorities(connection, priorities_to_change(current, {id: priority}), now)
    values = create.model_dump(mode="json") | {"priority": priority}
    await connection.execute(
        sa.insert(work_queue).values(
            **values,
            id=id,
            workspace_id=scope.workspace_id,
            work_pool_id=pool.id,
            status=work_queue_status(is_paused=create.is_paused, last_polled=None, now=now),
            created=now,
            updated=now,
        )
    )
    return await read_work_queue(connection, scope, id)


async def find_work_queue(
    connection: AsyncConnection, scope: Scope, work_pool_id: UUID, name: str
) -> WorkQueue | None:
    """The queue of this name in a pool, if there is one."""
    named = sa.and_(work_queue.c.work_pool_id == work_pool_id, work_queue.c.name == name)
    return await _find(connection, scope, named)


async def read_work_queue(connection: AsyncConnection, scope: Scope, id: UUID) -> WorkQueue:
    """Raises `ObjectNotFound`."""
    found = await _find(connection, scope, work_queue.c.id == id)
    if found is None:
        message = f"There is no work queue with the id {id}."
        raise ObjectNotFound(message)
    return found


async def read_work_queue_by_name(
    connection: AsyncConnection, scope: Scope, work_pool_name: str, name: str
) -> WorkQueue:
    """Raises `ObjectNotFound`, for the pool or for the queue."""
    pool = await read_work_pool(connection, scope, work_pool_name)
    found = await find_work_queue(connection, scope, pool.id, name)
    if found is None:
        raise _missing(name, work_pool_name)
    return found


async def read_work_queues(
    connection: AsyncConnection,
    scope: Scope,
    asked: WorkQueueFilter | None,
    window: Window,
    *,
    work_pool_name: str | None = None,
) -> list[WorkQueue]:
    """One window of the queues that match, of one pool or of all: in order of priority.

    Raises `ObjectNotFound` for the pool.
    """
    clauses = [] if asked is None else [where_work_queues(asked)]
    if work_pool_name is not None:
        pool = await read_work_pool(connection, scope, work_pool_name)
        clauses.append(work_queue.c.work_pool_id == pool.id)
    rows = await connection.execute(
        in_window(
            _QUEUES.where(work_queue.c.workspace_id == scope.workspace_id, *clauses).order_by(
                work_queue.c.priority, work_queue.c.name, work_queue.c.id
            ),
            window,
        )
    )
    return readable("work queue", rows.mappings(), _work_queue)


async def read_queues_of_pool(
    connection: AsyncConnection, scope: Scope, pool: WorkPool, names: Sequence[str] | None
) -> list[WorkQueue]:
    """The queues of these names that there are, or all of the pool; by priority."""
    which = work_queue.c.work_pool_id == pool.id
    if names:
        which = sa.and_(which, work_queue.c.name.in_(names))
    return await read_queues_where(connection, scope, which)


async def require_queues_of_pool(
    connection: AsyncConnection, scope: Scope, pool: WorkPool, names: Sequence[str] | None
) -> list[WorkQueue]:
    """The same; raises `ObjectNotFound` if one of the names is missing."""
    found = await read_queues_of_pool(connection, scope, pool, names)
    missing = set(names or ()) - {queue.name for queue in found}
    if missing:
        raise _missing(min(missing), pool.name)
    return found


async def read_queues_where(
    connection: AsyncConnection, scope: Scope, which: Clause
) -> list[WorkQueue]:
    """Every queue of the workspace for which a clause holds, by priority."""
    rows = await connection.execute(
        _QUEUES.where(work_queue.c.workspace_id == scope.workspace_id, which).order_by(
            work_queue.c.priority, work_queue.c.id
        )
    )
    return readable("work queue", rows.mappings(), _work_queue)


async def update_work_queue(
    connection: AsyncConnection, scope: Scope, id: UUID, update: WorkQueueUpdate, *, now: datetime
) -> tuple[WorkQueue, list[StatusChange]]:
    """Change what is set in `update`: the queue as it is then, and its status if that changed.

    Raises `ObjectNotFound`, `ObjectAlreadyExists` for a new name that is taken.
    """
    before = await _locked(connection, scope, id)
    assert before.work_pool_id is not None
    values = _columns(update)
    await _refuse_taken_name(connection, scope, before, values.get("name", before.name))
    if "priority" in values:
        current = await _priorities(connection, before.work_pool_id)
        changes = priorities_to_change(current, {id: values.pop("priority")})
        await _set_priorities(connection, changes, now)
    values["status"] = work_queue_status(
        is_paused=values.get("is_paused", before.is_paused),
        last_polled=values.get("last_polled", before.last_polled),
        now=now,
    )
    await connection.execute(
        sa.update(work_queue).where(work_queue.c.id == id).values(**values, updated=now)
    )
    after = await read_work_queue(connection, scope, id)
    await _rename_in_deployments(connection, before, after)
    if after.status is None or after.status == before.status:
        return after, []
    return after, [await work_queue_change(connection, id)]


async def delete_work_queue(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> None:
    """Delete a queue. Its deployments and the runs that wait in it move to the default queue.

    Raises `ObjectNotFound`, `Forbidden` for the default queue of a pool.
    """
    queue = await _locked(connection, scope, id)
    pool_row = sa.select(work_pool.c.default_queue_id).where(work_pool.c.id == queue.work_pool_id)
    default_id = (await connection.execute(pool_row)).scalar_one()
    if default_id == id:
        message = (
            f"{queue.name!r} is the default queue of the work pool {queue.work_pool_name!r}, which"
            " needs one: delete the pool, or move its deployments to another queue."
        )
        raise Forbidden(message)
    default = await read_work_queue(connection, scope, default_id)
    await connection.execute(sa.delete(work_queue).where(work_queue.c.id == id))
    await connection.execute(
        sa.update(deployment)
        .where(deployment.c.work_queue_id == id)
        .values(work_queue_id=default.id, work_queue_name=default.name, updated=now)
    )
    of_queue = sa.and_(
        flow_run.c.workspace_id == scope.workspace_id, flow_run.c.work_queue_id == id
    )
    await move_scheduled_runs(connection, of_queue, work_queue_id=default.id)


_NEVER_NULL: Final = frozenset({"name", "is_paused", "priority"})
_QUEUES: Final = sa.select(work_queue, work_pool.c.name.label("work_pool_name")).join(
    work_pool, work_pool.c.id == work_queue.c.work_pool_id
)


def _missing(name: str, work_pool_name: str) -> ObjectNotFound:
    return ObjectNotFound(
        f"There is no work queue named {name!r} in the work pool {work_pool_name!r}."
        f" `windlass work-queue create {name} --pool {work_pool_name}` makes it."
    )


async def _find(connection: AsyncConnection, scope: Scope, which: Clause) -> WorkQueue | None:
    rows = await connection.execute(
        _QUEUES.where(work_queue.c.workspace_id == scope.workspace_id, which)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else _work_queue(row)


async def _locked(connection: AsyncConnection, scope: Scope, id: UUID) -> WorkQueue:
    """The queue, read again under the lock of its pool: priorities are the pool's as a whole."""
    queue = await read_work_queue(connection, scope, id)
    await connection.execute(
        sa.select(work_pool.c.id).where(work_pool.c.id == queue.work_pool_id).with_for_update()
    )
    return await read_work_queue(connection, scope, id)


async def _refuse_taken_name(
    connection: AsyncConnection, scope: Scope, queue: WorkQueue, name: str
) -> None:
    if name == queue.name or queue.work_pool_id is None:
        return
    if await find_work_queue(connection, scope, queue.work_pool_id, name) is not None:
        message = f"There is a work queue named {name!r} in {queue.work_pool_name!r} already."
        raise ObjectAlreadyExists(message)


async def _rename_in_deployments(
    connection: AsyncConnection, before: WorkQueue, after: WorkQueue
) -> None:
    if before.name != after.name:
        await connection.execute(
            sa.update(deployment)
            .where(deployment.c.work_queue_id == after.id)
            .values(work_queue_name=after.name)
        )


async def _priorities(connection: AsyncConnection, work_pool_id: UUID) -> dict[UUID, int]:
    rows = await connection.execute(
        sa.select(work_queue.c.id, work_queue.c.priority).where(
            work_queue.c.work_pool_id == work_pool_id
        )
    )
    return {id: priority for id, priority in rows}


async def _set_priorities(
    connection: AsyncConnection, changes: dict[UUID, int], now: datetime
) -> None:
    for id, priority in changes.items():
        await connection.execute(
            sa.update(work_queue)
            .where(work_queue.c.id == id)
            .values(priority=priority, updated=now)
        )


def _columns(update: WorkQueueUpdate) -> dict[str, Any]:
    given = update.model_dump(exclude_unset=True)
    if update.filter is not None:
        given["filter"] = update.filter.model_dump(mode="json")
    return {
        name: value for name, value in given.items() if value is not None or name not in _NEVER_NULL
    }


def _work_queue(row: sa.RowMapping) -> WorkQueue:
    return WorkQueue.model_validate(dict(row))
