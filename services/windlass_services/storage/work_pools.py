"""Work pools: made with their default queue, read, changed, deleted."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolStatus, WorkPoolUpdate
from windlass.schemas.work_queues import WorkQueueStatus
from windlass_services.storage.deletions import Deleted, clear_after
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.work_pools import where_work_pools
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange, work_pool_change, work_pool_status
from windlass_services.storage.tables import (
    deployment,
    work_pool,
    work_queue,
    worker,
)
from windlass_services.storage.upserts import insert_into

DEFAULT_QUEUE_NAME: Final = "default"
_RESERVED_PREFIX: Final = "prefect"


async def create_work_pool(
    connection: AsyncConnection, scope: Scope, create: WorkPoolCreate, *, now: datetime
) -> WorkPool:
    """Make a pool and its queue `default` of priority 1.

    Raises `Forbidden` for a reserved name, `ObjectAlreadyExists` for one that is taken.
    """
    _refuse_reserved_name(create.name)
    status = WorkPoolStatus.PAUSED if create.is_paused else WorkPoolStatus.NOT_READY
    pool_id, queue_id = uuid7(), uuid7()
    made = await connection.execute(
        insert_into(connection, work_pool)
        .values(
            **_columns(create),
            id=pool_id,
            workspace_id=scope.workspace_id,
            default_queue_id=queue_id,
            status=status,
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "name"])
        .returning(work_pool)
    )
    row = made.mappings().one_or_none()
    if row is None:
        message = f"There is a work pool named {create.name!r} already."
        raise ObjectAlreadyExists(message)
    await connection.execute(
        sa.insert(work_queue).values(
            id=queue_id,
            workspace_id=scope.workspace_id,
            work_pool_id=pool_id,
            name=DEFAULT_QUEUE_NAME,
            description="The queue of runs that name none.",
            priority=1,
            status=WorkQueueStatus.NOT_READY,
            created=now,
            updated=now,
        )
    )
    return _work_pool(row)


async def find_work_pool(
    connection: AsyncConnection, scope: Scope, name: str, *, lock: bool = False
) -> WorkPool | None:
    """The pool of this name, if there is one; `lock` keeps its row until the transaction ends."""
    statement = sa.select(work_pool).where(_is(scope, name))
    rows = await connection.execute(statement.with_for_update() if lock else statement)
    row = rows.mappings().one_or_none()
    return None if row is None else _work_pool(row)


async def find_work_pools(
    connection: AsyncConnection, scope: Scope, names: Collection[str]
) -> dict[str, WorkPool]:
    """Those of the pools of these names that there are."""
    rows = await connection.execute(
        sa.select(work_pool).where(
            work_pool.c.workspace_id == scope.workspace_id, work_pool.c.name.in_(sorted(names))
        )
    )
    return {row["name"]: _work_pool(row) for row in rows.mappings()}


async def read_work_pool(
    connection: AsyncConnection, scope: Scope, name: str, *, lock: bool = False
) -> WorkPool:
    """Raises `ObjectNotFound`, with what to do about it."""
    found = await find_work_pool(connection, scope, name, lock=lock)
    if found is None:
        raise no_work_pool(name)
    return found


def no_work_pool(name: str) -> ObjectNotFound:
    """What who asks for a pool that does not exist is told."""
    return ObjectNotFound(
        f"There is no work pool named {name!r}. `windlass work-pool ls` shows those that exist;"
        f" `windlass work-pool create {name} --type process` makes this one."
    )


async def read_work_pools(
    connection: AsyncConnection, scope: Scope, asked: WorkPoolFilter | None, window: Window
) -> list[WorkPool]:
    """One window of the pools that match, in order of their names."""
    rows = await connection.execute(
        in_window(
            sa.select(work_pool).where(_matching(scope, asked)).order_by(work_pool.c.name), window
        )
    )
    return readable("work pool", rows.mappings(), _work_pool)


async def count_work_pools(
    connection: AsyncConnection, scope: Scope, asked: WorkPoolFilter | None
) -> int:
    """How many pools match."""
    return await count_rows(connection, work_pool, _matching(scope, asked))


async def update_work_pool(
    connection: AsyncConnection, scope: Scope, name: str, update: WorkPoolUpdate, *, now: datetime
) -> tuple[WorkPool, list[StatusChange]]:
    """Change what is set in `update`: the pool as it is then, and its status if that changed.

    Raises `Forbidden` for a reserved name, `ObjectNotFound`.
    """
    _refuse_reserved_name(name)
    before = await read_work_pool(connection, scope, name, lock=True)
    values = _columns(update)
    is_paused: bool = values.get("is_paused", before.is_paused)
    values["status"] = await work_pool_status(connection, before.id, is_paused=is_paused)
    rows = await connection.execute(
        sa.update(work_pool)
        .where(work_pool.c.id == before.id)
        .values(**values, updated=now)
        .returning(work_pool)
    )
    after = _work_pool(rows.mappings().one())
    return after, [] if after.status == before.status else [work_pool_change(after)]


async def delete_work_pool(
    connection: AsyncConnection, scope: Scope, name: str, *, now: datetime
) -> UUID:
    """Delete a pool with its queues and workers; returns the id that it had.

    Its deployments, and their runs that wait, are left without a pool; their record says why.
    Raises `Forbidden` for a reserved name, `ObjectNotFound`.
    """
    _refuse_reserved_name(name)
    pool = await read_work_pool(connection, scope, name, lock=True)
    for table in (worker, work_queue):
        await connection.execute(sa.delete(table).where(table.c.work_pool_id == pool.id))
    await connection.execute(
        sa.update(deployment)
        .where(deployment.c.work_pool_id == pool.id)
        .values(work_pool_id=None, work_queue_id=None, work_queue_name=None, updated=now)
    )
    await connection.execute(sa.delete(work_pool).where(work_pool.c.id == pool.id))
    await clear_after(connection, scope, Deleted.WORK_POOL, pool.id, now=now)
    return pool.id


def _refuse_reserved_name(name: str) -> None:
    if name.lower().startswith(_RESERVED_PREFIX):
        message = f"Work pools whose names begin with {_RESERVED_PREFIX!r} are reserved."
        raise Forbidden(message)


_NEVER_NULL: Final = frozenset({"is_paused", "base_job_template", "storage_configuration"})


def _columns(shape: WorkPoolCreate | WorkPoolUpdate) -> dict[str, Any]:
    given = shape.model_dump(mode="json", exclude_unset=isinstance(shape, WorkPoolUpdate))
    return {
        name: value for name, value in given.items() if value is not None or name not in _NEVER_NULL
    }


def _matching(scope: Scope, asked: WorkPoolFilter | None) -> Clause:
    mine = work_pool.c.workspace_id == scope.workspace_id
    return mine if asked is None else sa.and_(mine, where_work_pools(asked))


def _is(scope: Scope, name: str) -> Clause:
    return sa.and_(work_pool.c.workspace_id == scope.workspace_id, work_pool.c.name == name)


def _work_pool(row: sa.RowMapping) -> WorkPool:
    return WorkPool.model_validate(dict(row))
