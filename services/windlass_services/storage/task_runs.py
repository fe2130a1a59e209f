"""Task runs: created, read, listed, counted, changed and deleted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import TaskRunSort
from windlass.schemas.task_runs import TaskRun, TaskRunCreate, TaskRunUpdate
from windlass_services.storage.filters.query import Filters, task_runs_matching
from windlass_services.storage.paging import Window, count_rows
from windlass_services.storage.run_rows import (
    estimated_run_time,
    estimated_start_delay,
    state_from_row,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import log, task_run, task_run_state

_ORDERS: Final[Mapping[TaskRunSort, tuple[sa.ColumnElement[Any], ...]]] = {
    TaskRunSort.ID_DESC: (task_run.c.id.desc(),),
    TaskRunSort.EXPECTED_START_TIME_ASC: (
        task_run.c.expected_start_time.asc(),
        task_run.c.id.asc(),
    ),
    TaskRunSort.EXPECTED_START_TIME_DESC: (
        task_run.c.expected_start_time.desc(),
        task_run.c.id.desc(),
    ),
    TaskRunSort.NAME_ASC: (task_run.c.name.asc(), task_run.c.id.asc()),
    TaskRunSort.NAME_DESC: (task_run.c.name.desc(), task_run.c.id.desc()),
    TaskRunSort.NEXT_SCHEDULED_START_TIME_ASC: (
        task_run.c.next_scheduled_start_time.asc(),
        task_run.c.id.asc(),
    ),
    TaskRunSort.END_TIME_DESC: (task_run.c.end_time.desc(), task_run.c.id.desc()),
}


async def find_or_create_task_run(
    connection: AsyncConnection, scope: Scope, wanted: TaskRunCreate, *, now: datetime
) -> tuple[UUID, bool]:
    """The id of the run with this flow run, task key and dynamic key, and whether it is new.

    The first state, if one is wanted, is proposed by the caller: rules decide on it.
    """
    found = await connection.execute(
        sa.select(task_run.c.id).where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.flow_run_id == wanted.flow_run_id,
            task_run.c.task_key == wanted.task_key,
            task_run.c.dynamic_key == wanted.dynamic_key,
        )
    )
    existing = found.scalar_one_or_none()
    if existing is not None:
        return existing, False
    id = wanted.id or uuid7()
    await connection.execute(sa.insert(task_run).values(_row(scope, id, wanted, now)))
    return id, True


async def read_task_run(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> TaskRun:
    """Raises `ObjectNotFound`."""
    rows = await connection.execute(sa.select(task_run).where(_is(scope, id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_found(id)
    return task_run_from_row(row, now)


async def read_task_runs(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    sort: TaskRunSort,
    window: Window,
    *,
    now: datetime,
) -> list[TaskRun]:
    """One window of the task runs that match every filter."""
    rows = await connection.execute(
        sa.select(task_run)
        .where(task_runs_matching(scope, filters))
        .order_by(*_ORDERS[sort])
        .limit(window.limit)
        .offset(window.offset)
    )
    return [task_run_from_row(row, now) for row in rows.mappings()]


async def count_task_runs(connection: AsyncConnection, scope: Scope, filters: Filters) -> int:
    """How many task runs match every filter."""
    return await count_rows(connection, task_run, task_runs_matching(scope, filters))


async def update_task_run(
    connection: AsyncConnection, scope: Scope, id: UUID, update: TaskRunUpdate, *, now: datetime
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    changed = await connection.execute(
        sa.update(task_run)
        .where(_is(scope, id))
        .values(**update.model_dump(exclude_unset=True), updated=now)
    )
    if not changed.rowcount:
        raise _not_found(id)


async def delete_task_run(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Delete a run with its states and logs. Raises `ObjectNotFound`."""
    gone = await connection.execute(sa.delete(task_run).where(_is(scope, id)))
    if not gone.rowcount:
        raise _not_found(id)
    for table in (task_run_state, log):
        await connection.execute(sa.delete(table).where(table.c.task_run_id == id))


def task_run_from_row(row: Mapping[Any, Any], now: datetime) -> TaskRun:
    """A row of `task_run` as the API shows it; times of a live run are as of `now`."""
    state = state_from_row(row)
    return TaskRun.model_validate(
        {
            **row,
            "state": state,
            "total_run_time": timedelta(seconds=row["total_run_time"]),
            "estimated_run_time": estimated_run_time(row, now),
            "estimated_start_time_delta": estimated_start_delay(row, now),
        }
    )


def _row(scope: Scope, id: UUID, wanted: TaskRunCreate, now: datetime) -> dict[str, Any]:
    plain = wanted.model_dump(mode="json", include={"task_inputs", "empirical_policy"})
    return {
        "id": id,
        "workspace_id": scope.workspace_id,
        "flow_run_id": wanted.flow_run_id,
        "task_key": wanted.task_key,
        "dynamic_key": wanted.dynamic_key,
        "cache_key": wanted.cache_key,
        "cache_expiration": wanted.cache_expiration,
        "task_version": wanted.task_version,
        "name": wanted.name or f"{wanted.task_key}-{wanted.dynamic_key}",
        "tags": wanted.tags,
        "labels": wanted.labels or {},
        "created": now,
        "updated": now,
        **plain,
    }


def _is(scope: Scope, id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(task_run.c.id == id, task_run.c.workspace_id == scope.workspace_id)


def _not_found(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no task run with the id {id}.")
