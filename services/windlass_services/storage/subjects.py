"""What events say about a flow run: its own name and those of what it belongs to, in one query."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.rows import in_few_lengths
from windlass_services.storage.tables import deployment, flow, flow_run, work_pool, work_queue


@dataclass(frozen=True, slots=True)
class Named:
    """An object as events name it."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class FlowRunSubject:
    """A flow run and what it belongs to."""

    id: UUID
    workspace_id: UUID
    name: str
    run_count: int
    tags: tuple[str, ...]
    flow: Named
    deployment: Named | None
    work_queue: Named | None
    work_pool: Named | None
    work_pool_type: str | None = None


async def read_flow_run_subjects(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[UUID, FlowRunSubject]:
    """The subjects of these flow runs, by id; a run that is gone is missing."""
    if not ids:
        return {}
    rows = await connection.execute(_SUBJECTS, {"ids": in_few_lengths(ids)})
    return {row["id"]: _subject(row) for row in rows.mappings()}


_SUBJECTS = (
    sa.select(
        flow_run.c.id,
        flow_run.c.workspace_id,
        flow_run.c.name,
        flow_run.c.run_count,
        flow_run.c.tags,
        flow.c.id.label("flow_id"),
        flow.c.name.label("flow_name"),
        deployment.c.id.label("deployment_id"),
        deployment.c.name.label("deployment_name"),
        work_queue.c.id.label("work_queue_id"),
        work_queue.c.name.label("work_queue_name"),
        work_pool.c.id.label("work_pool_id"),
        work_pool.c.name.label("work_pool_name"),
        work_pool.c.type.label("work_pool_type"),
    )
    .join(flow, flow.c.id == flow_run.c.flow_id)
    .outerjoin(deployment, deployment.c.id == flow_run.c.deployment_id)
    .outerjoin(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
    .outerjoin(work_pool, work_pool.c.id == flow_run.c.work_pool_id)
    .where(flow_run.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def _subject(row: sa.RowMapping) -> FlowRunSubject:
    return FlowRunSubject(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        run_count=row["run_count"],
        tags=tuple(row["tags"]),
        flow=Named(row["flow_id"], row["flow_name"]),
        deployment=_named(row, "deployment"),
        work_queue=_named(row, "work_queue"),
        work_pool=_named(row, "work_pool"),
        work_pool_type=row["work_pool_type"],
    )


def _named(row: sa.RowMapping, kind: str) -> Named | None:
    id: Any = row[f"{kind}_id"]
    return None if id is None else Named(id, row[f"{kind}_name"])
