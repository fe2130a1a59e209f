"""Task workers: seen while they are subscribed, listed, forgotten."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.task_workers import TaskWorkerFilter, TaskWorkerResponse
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import task_worker
from windlass_services.storage.upserts import insert_into


async def observe_task_workers(
    connection: AsyncConnection,
    scope: Scope,
    task_keys: Mapping[str, Collection[str]],
    *,
    now: datetime,
) -> None:
    """These workers, by their identifiers, are there as of now, and run these tasks."""
    if not task_keys:
        return
    rows = [
        {
            "identifier": identifier,
            "workspace_id": scope.workspace_id,
            "task_keys": sorted(set(keys)),
            "last_seen": now,
        }
        # In one order everywhere: two replicas must not wait for each other in a circle.
        for identifier, keys in sorted(task_keys.items())
    ]
    insert = insert_into(connection, task_worker).values(rows)
    said = {name: insert.excluded[name] for name in ("task_keys", "last_seen")}
    await connection.execute(insert.on_conflict_do_update(index_elements=["identifier"], set_=said))


async def forget_task_workers(
    connection: AsyncConnection, *, seen_before: datetime, identifier: str | None = None
) -> None:
    """Forget workers that nobody has seen since, or only that one."""
    clauses = [] if identifier is None else [task_worker.c.identifier == identifier]
    await connection.execute(
        sa.delete(task_worker).where(task_worker.c.last_seen < seen_before, *clauses)
    )


async def read_task_workers(
    connection: AsyncConnection,
    scope: Scope,
    asked: TaskWorkerFilter | None,
    *,
    seen_since: datetime,
) -> list[TaskWorkerResponse]:
    """Workers that are there, and that run every task that is asked for."""
    rows = await connection.execute(
        sa.select(task_worker)
        .where(
            task_worker.c.workspace_id == scope.workspace_id,
            task_worker.c.last_seen >= seen_since,
        )
        .order_by(task_worker.c.identifier)
    )
    wanted = set(asked.task_keys) if asked else set[str]()
    return [
        TaskWorkerResponse(
            identifier=row["identifier"], task_keys=row["task_keys"], timestamp=row["last_seen"]
        )
        for row in rows.mappings()
        if wanted <= set(row["task_keys"])
    ]
