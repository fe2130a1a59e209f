"""Workers: heard of by heartbeats, listed, forgotten."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.workers import WorkerFilter
from windlass.schemas.work_pools import WorkPoolStatus
from windlass.schemas.workers import Worker, WorkerHeartbeat, WorkerStatus
from windlass_services.storage.filters.workers import where_workers
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange, mark_work_pool, work_pool_status
from windlass_services.storage.tables import worker
from windlass_services.storage.upserts import insert_into
from windlass_services.storage.work_pools import read_work_pool


async def record_heartbeat(
    connection: AsyncConnection,
    scope: Scope,
    work_pool_name: str,
    heartbeat: WorkerHeartbeat,
    *,
    now: datetime,
) -> list[StatusChange]:
    """The worker is online as of now, and so its pool is ready; the pool's status if it changed.

    A worker that was never heard of is made. Raises `ObjectNotFound` for the pool.
    """
    pool = await read_work_pool(connection, scope, work_pool_name)
    # The pool before its workers, as everywhere.
    changes = (
        await mark_work_pool(connection, pool.id, WorkPoolStatus.READY)
        if pool.status is WorkPoolStatus.NOT_READY
        else []
    )
    said = {
        "status": WorkerStatus.ONLINE,
        "last_heartbeat_time": now,
        "heartbeat_interval_seconds": heartbeat.heartbeat_interval_seconds,
        "updated": now,
    }
    await connection.execute(
        insert_into(connection, worker)
        .values(
            **said,
            id=uuid7(),
            workspace_id=scope.workspace_id,
            work_pool_id=pool.id,
            name=heartbeat.name,
            created=now,
        )
        .on_conflict_do_update(index_elements=["work_pool_id", "name"], set_=said)
    )
    return changes


async def read_workers(
    connection: AsyncConnection,
    scope: Scope,
    work_pool_name: str,
    asked: WorkerFilter | None,
    window: Window,
) -> list[Worker]:
    """One window of a pool's workers that match: those heard of last first.

    Raises `ObjectNotFound` for the pool.
    """
    pool = await read_work_pool(connection, scope, work_pool_name)
    clauses = [] if asked is None else [where_workers(asked)]
    rows = await connection.execute(
        sa.select(worker)
        .where(worker.c.work_pool_id == pool.id, *clauses)
        .order_by(worker.c.last_heartbeat_time.desc(), worker.c.id)
        .limit(window.limit)
        .offset(window.offset)
    )
    return [Worker.model_validate(dict(row)) for row in rows.mappings()]


async def delete_worker(
    connection: AsyncConnection, scope: Scope, work_pool_name: str, name: str
) -> list[StatusChange]:
    """Forget a worker; the pool's status if that changed. Raises `ObjectNotFound`."""
    pool = await read_work_pool(connection, scope, work_pool_name)
    gone = await connection.execute(
        sa.delete(worker).where(worker.c.work_pool_id == pool.id, worker.c.name == name)
    )
    if not gone.rowcount:
        message = f"There is no worker named {name!r} in the work pool {work_pool_name!r}."
        raise ObjectNotFound(message)
    status = await work_pool_status(connection, pool.id, is_paused=False)
    return await mark_work_pool(connection, pool.id, status)
