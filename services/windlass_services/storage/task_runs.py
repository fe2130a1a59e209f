"""Task runs: created, read, listed, counted, changed and deleted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import TaskRunSort
from windlass.schemas.task_runs import TaskRun, TaskRunCreate, TaskRunUpdate
from windlass_services.storage.filters.deleted_runs import not_of_deleted
from windlass_services.storage.filters.query import Filters, task_runs_matching
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.run_counts import count_by_type
from windlass_services.storage.run_rows import (
    estimated_run_time,
    estimated_start_delay,
    state_from_row,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, log, task_run, task_run_state
from windlass_services.storage.upserts import insert_into

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

    Its labels lie over those of its flow run. The first state is proposed by the caller: rules
    decide on it. Raises `ObjectNotFound` for the flow run, `ObjectAlreadyExists` for the id of
    another run.
    """
    existing = await _find_task_run(connection, scope, wanted)
    if existing is not None:
        return existing, False
    id = wanted.id or uuid7()
    labels = await _inherited_labels(connection, scope, wanted.flow_run_id)
    made = await connection.execute(
        insert_into(connection, task_run)
        .values(_row(scope, id, wanted, labels, now))
        .on_conflict_do_nothing()
    )
    if made.rowcount:
        return id, True
    # Somebody made it since, or the id is another run's.
    existing = await _find_task_run(connection, scope, wanted)
    if existing is None:
        raise ObjectAlreadyExists(f"`id`: another task run has the id {id}. Send a new one.")
    return existing, False


async def _find_task_run(
    connection: AsyncConnection, scope: Scope, wanted: TaskRunCreate
) -> UUID | None:
    found = await connection.execute(
        sa.select(task_run.c.id).where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.flow_run_id == wanted.flow_run_id,
            task_run.c.task_key == wanted.task_key,
            task_run.c.dynamic_key == wanted.dynamic_key,
            not_of_deleted(task_run.c.flow_run_id),
        )
    )
    return found.scalar_one_or_none()


async def _inherited_labels(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID | None
) -> dict[str, Any]:
    if flow_run_id is None:
        return {}
    found = await connection.execute(
        sa.select(flow_run.c.labels).where(
            flow_run.c.workspace_id == scope.workspace_id, flow_run.c.id == flow_run_id
        )
    )
    labels = found.scalar_one_or_none()
    if labels is None:
        message = f"There is no flow run with the id {flow_run_id}."
        raise ObjectNotFound(message)
    return {**labels, "prefect.flow-run.id": str(flow_run_id)}


async def read_task_run(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> TaskRun:
    """Raises `ObjectNotFound`."""
    is_there = sa.and_(_is(scope, id), not_of_deleted(task_run.c.flow_run_id))
    rows = await connection.execute(sa.select(task_run).where(is_there))
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
        in_window(
            sa.select(task_run).where(task_runs_matching(scope, filters)).order_by(*_ORDERS[sort]),
            window,
        )
    )
    return readable("task run", rows.mappings(), partial(task_run_from_row, now=now))


async def count_task_runs(connection: AsyncConnection, scope: Scope, filters: Filters) -> int:
    """How many task runs match every filter."""
    by_type = await count_by_type(connection, scope, task_run, filters)
    if by_type is not None:
        return sum(by_type.values())
    return await count_rows(connection, task_run, task_runs_matching(scope, filters))


async def update_task_run(
    connection: AsyncConnection, scope: Scope, id: UUID, update: TaskRunUpdate, *, now: datetime
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    changed = await connection.execute(
        sa.update(task_run)
        .where(_is(scope, id))
        .values(**update.model_dump(exclude_unset=True, exclude_none=True), updated=now)
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


def _row(
    scope: Scope, id: UUID, wanted: TaskRunCreate, inherited: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
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
        "labels": {**inherited, **(wanted.labels or {})},
        "created": now,
        "updated": now,
        **plain,
    }


def _is(scope: Scope, id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(task_run.c.id == id, task_run.c.workspace_id == scope.workspace_id)


def _not_found(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no task run with the id {id}.")
