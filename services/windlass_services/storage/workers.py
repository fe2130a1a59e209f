"""Workers: heard of by heartbeats, listed, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.workers import WorkerFilter
from windlass.schemas.work_pools import WorkPoolStatus
from windlass.schemas.workers import Worker, WorkerHeartbeat, WorkerStatus
from windlass_services.storage.filters.workers import where_workers
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange, mark_work_pool, work_pool_status
from windlass_services.storage.tables import worker
from windlass_services.storage.upserts import insert_into
from windlass_services.storage.work_pools import find_work_pools, read_work_pool


@dataclass(frozen=True, slots=True)
class Heard:
    """A heartbeat, and the pool that it names."""

    work_pool_name: str
    heartbeat: WorkerHeartbeat


async def record_heartbeats(
    connection: AsyncConnection, scope: Scope, heard: Sequence[Heard], *, now: datetime
) -> tuple[list[StatusChange], set[str]]:
    """These workers are online as of now, and so their pools are ready.

    Workers that were never heard of are made. Returns the pools whose status changed, and the
    names of pools that there are not; their workers are left out.
    """
    pools = await find_work_pools(connection, scope, {one.work_pool_name for one in heard})
    changes: list[StatusChange] = []
    # The pools before their workers, and both in one order, as everywhere.
    for pool in sorted(pools.values(), key=lambda pool: pool.id):
        if pool.status is WorkPoolStatus.NOT_READY:
            changes += await mark_work_pool(connection, pool.id, WorkPoolStatus.READY)
    said = {
        (pools[one.work_pool_name].id, one.heartbeat.name): one.heartbeat
        for one in heard
        if one.work_pool_name in pools
    }
    if said:
        insert = insert_into(connection, worker)
        renewed = {name: insert.excluded[name] for name in _SAID_BY_HEARTBEATS}
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["work_pool_id", "name"], set_=renewed),
            [
                {
                    "id": uuid7(),
                    "workspace_id": scope.workspace_id,
                    "work_pool_id": pool_id,
                    "name": name,
                    "status": WorkerStatus.ONLINE,
                    "last_heartbeat_time": now,
                    "heartbeat_interval_seconds": said[pool_id, name].heartbeat_interval_seconds,
                    "created": now,
                    "updated": now,
                }
                for pool_id, name in sorted(said)
            ],
        )
    return changes, {one.work_pool_name for one in heard} - pools.keys()


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
        in_window(
            sa.select(worker)
            .where(worker.c.work_pool_id == pool.id, *clauses)
            .order_by(worker.c.last_heartbeat_time.desc(), worker.c.id),
            window,
        )
    )
    return readable("worker", rows.mappings(), Worker.model_validate)


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


_SAID_BY_HEARTBEATS: Final = (
    "status",
    "last_heartbeat_time",
    "heartbeat_interval_seconds",
    "updated",
)
