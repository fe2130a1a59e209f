"""Flow runs: read, listed, counted, changed and deleted. Their states change elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import NotPossible, ObjectNotFound
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.flow_runs import FlowRun, FlowRunUpdate
from windlass.schemas.states import StateType
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.filters.query import Filters, flow_runs_matching
from windlass_services.storage.flow_run_rows import flow_run_from_row
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.run_counts import count_by_type
from windlass_services.storage.run_deletion import delete_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, work_pool, work_queue

_START: Final = sa.func.coalesce(flow_run.c.start_time, flow_run.c.expected_start_time)
FLOW_RUN_ORDERS: Final[Mapping[FlowRunSort, tuple[sa.ColumnElement[Any], ...]]] = {
    FlowRunSort.ID_DESC: (flow_run.c.id.desc(),),
    FlowRunSort.START_TIME_ASC: (_START.asc(), flow_run.c.id.asc()),
    FlowRunSort.START_TIME_DESC: (_START.desc(), flow_run.c.id.desc()),
    FlowRunSort.EXPECTED_START_TIME_ASC: (
        flow_run.c.expected_start_time.asc(),
        flow_run.c.id.asc(),
    ),
    FlowRunSort.EXPECTED_START_TIME_DESC: (
        flow_run.c.expected_start_time.desc(),
        flow_run.c.id.desc(),
    ),
    FlowRunSort.NAME_ASC: (flow_run.c.name.asc(), flow_run.c.id.asc()),
    FlowRunSort.NAME_DESC: (flow_run.c.name.desc(), flow_run.c.id.desc()),
    FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC: (
        flow_run.c.next_scheduled_start_time.asc(),
        flow_run.c.id.asc(),
    ),
    FlowRunSort.END_TIME_DESC: (flow_run.c.end_time.desc(), flow_run.c.id.desc()),
}
"""The columns of every order that lists of flow runs may have."""
FLOW_RUN_WITH_NAMES: Final = (
    sa.select(
        flow_run,
        work_pool.c.name.label("work_pool_name"),
        work_queue.c.name.label("work_queue_name"),
    )
    .outerjoin(work_pool, work_pool.c.id == flow_run.c.work_pool_id)
    .outerjoin(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
)
"""A flow run as `flow_run_from_row` reads it."""


async def read_flow_run(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> FlowRun:
    """Raises `ObjectNotFound`."""
    rows = await connection.execute(FLOW_RUN_WITH_NAMES.where(_is(scope, id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_found(id)
    return flow_run_from_row(row, now)


async def read_flow_runs(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    sort: FlowRunSort,
    window: Window,
    *,
    now: datetime,
) -> list[FlowRun]:
    """One window of the flow runs that match every filter."""
    rows = await connection.execute(
        in_window(
            FLOW_RUN_WITH_NAMES.where(flow_runs_matching(scope, filters)).order_by(
                *FLOW_RUN_ORDERS[sort]
            ),
            window,
        )
    )
    return readable("flow run", rows.mappings(), partial(flow_run_from_row, now=now))


async def read_flow_run_name(
    connection: AsyncConnection, scope: Scope, id: UUID | None
) -> str | None:
    """The name of a run; None if there is none."""
    if id is None:
        return None
    names = await connection.execute(sa.select(flow_run.c.name).where(_is(scope, id)))
    return names.scalar_one_or_none()


async def read_flow_run_ids(
    connection: AsyncConnection, scope: Scope, filters: Filters, *, limit: int
) -> list[UUID]:
    """The ids of the latest flow runs that match every filter."""
    ids = await connection.execute(
        sa.select(flow_run.c.id)
        .where(flow_runs_matching(scope, filters))
        .order_by(flow_run.c.id.desc())
        .limit(limit)
        .execution_options(**BOUNDED)
    )
    return list(ids.scalars())


async def count_flow_runs(connection: AsyncConnection, scope: Scope, filters: Filters) -> int:
    """How many flow runs match every filter."""
    by_type = await count_by_type(connection, scope, flow_run, filters)
    if by_type is not None:
        return sum(by_type.values())
    return await count_rows(connection, flow_run, flow_runs_matching(scope, filters))


async def update_flow_run(
    connection: AsyncConnection, scope: Scope, id: UUID, update: FlowRunUpdate, *, now: datetime
) -> None:
    """Change what is set in `update`.

    Raises `ObjectNotFound`, and `NotPossible` for job variables of a run that nobody is to start.
    """
    nameless = {"name"} if update.name is None else None
    values = update.model_dump(mode="json", exclude_unset=True, exclude=nameless)
    if values.get("job_variables", {}) is None:
        values["job_variables"] = {}
    if "job_variables" in values:
        await _require_scheduled(connection, scope, id)
    changed = await connection.execute(
        sa.update(flow_run).where(_is(scope, id)).values(**values, updated=now)
    )
    if not changed.rowcount:
        raise _not_found(id)


async def _require_scheduled(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    rows = await connection.execute(
        sa.select(flow_run.c.deployment_id, flow_run.c.state_type)
        .where(_is(scope, id))
        .with_for_update()
    )
    row = rows.one_or_none()
    if row is None:
        raise _not_found(id)
    if row.deployment_id is None or row.state_type != StateType.SCHEDULED:
        message = (
            "Job variables can be changed only while the run of a deployment is scheduled: then"
            " somebody has yet to read them."
        )
        raise NotPossible(message)


async def update_flow_run_labels(
    connection: AsyncConnection, scope: Scope, id: UUID, labels: Mapping[str, Any], *, now: datetime
) -> None:
    """Add labels to those of the run, under its row lock. Raises `ObjectNotFound`."""
    rows = await connection.execute(
        sa.select(flow_run.c.labels).where(_is(scope, id)).with_for_update()
    )
    present = rows.scalar_one_or_none()
    if present is None:
        raise _not_found(id)
    await connection.execute(
        sa.update(flow_run).where(_is(scope, id)).values(labels={**present, **labels}, updated=now)
    )


async def delete_flow_run(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> None:
    """Delete a run; what runs of it is torn down. Its task runs, states, inputs and logs are gone
    for whoever asks, and are cleared in the background where there are many.

    Raises `ObjectNotFound`.
    """
    if not await delete_runs(connection, scope, flow_run.c.id == id, now=now):
        raise _not_found(id)


async def delete_flow_runs(
    connection: AsyncConnection, scope: Scope, filters: Filters, *, limit: int, now: datetime
) -> list[UUID]:
    """Delete the latest runs that match every filter, as above; their ids, the latest first."""
    ids = await read_flow_run_ids(connection, scope, filters, limit=limit)
    deleted = await delete_runs(connection, scope, flow_run.c.id.in_(ids), now=now)
    return sorted(deleted, reverse=True)


def _is(scope: Scope, id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(flow_run.c.id == id, flow_run.c.workspace_id == scope.workspace_id)


def _not_found(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no flow run with the id {id}.")
