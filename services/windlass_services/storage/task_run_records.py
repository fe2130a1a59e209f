"""Task runs as their events tell them: one bulk upsert per batch; the newest state wins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.rows import columns_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import task_run, task_run_state


@dataclass(frozen=True, slots=True)
class TaskRunRecord:
    """A task run in one of its states, as one event says. Times in UTC, run time in seconds."""

    id: UUID
    flow_run_id: UUID | None
    name: str
    task_key: str
    dynamic_key: str
    task_version: str | None
    cache_key: str | None
    tags: list[str]
    labels: dict[str, Any]
    task_inputs: dict[str, Any]
    empirical_policy: dict[str, Any]
    run_count: int
    flow_run_run_count: int
    expected_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    state_id: UUID
    state_type: str
    state_name: str
    state_timestamp: datetime
    state_message: str | None
    state_details: dict[str, Any]
    state_data: Any
    day: date


async def record_task_runs(
    connection: AsyncConnection, scope: Scope, records: Sequence[TaskRunRecord], now: datetime
) -> None:
    """Write every state, and make each run what its newest state says.

    Idempotent and monotone: a repeated, delayed or reordered record changes nothing that is newer.
    Rows are written in order of their ids, so that two recorders never wait for each other.
    """
    if not records:
        return
    await connection.execute(_insert_states(connection), _state_rows(scope, records, now))
    runs = sorted(_merged(records), key=lambda record: record.id)
    await connection.execute(_upsert_runs(connection), [_run_row(scope, run, now) for run in runs])


def _by_time(record: TaskRunRecord) -> tuple[datetime, UUID]:
    return record.state_timestamp, record.state_id


def _merged(records: Sequence[TaskRunRecord]) -> list[TaskRunRecord]:
    """One record for each run: its newest, with what the upsert would keep of the others."""
    runs: dict[UUID, TaskRunRecord] = {}
    for record in sorted(records, key=_by_time):
        before = runs.get(record.id, record)
        runs[record.id] = replace(
            record,
            start_time=_earliest(before.start_time, record.start_time),
            expected_start_time=_earliest(before.expected_start_time, record.expected_start_time),
            total_run_time=max(before.total_run_time, record.total_run_time),
        )
    return list(runs.values())


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _insert_states(connection: AsyncConnection) -> sa.Insert:
    return _insert(connection, task_run_state).on_conflict_do_nothing()


def _upsert_runs(connection: AsyncConnection) -> sa.Insert:
    insert = _insert(connection, task_run)
    new, old = insert.excluded, task_run.c
    is_newer = sa.or_(
        old.state_timestamp.is_(None),
        new.state_timestamp > old.state_timestamp,
        sa.and_(new.state_timestamp == old.state_timestamp, new.state_id > old.state_id),
    )
    replaced = {name: sa.case((is_newer, new[name]), else_=old[name]) for name in _REPLACED}
    # Whatever the order in which states come, these are the same in the end.
    earliest = {
        name: sa.case(
            (sa.or_(old[name].is_(None), new[name] < old[name]), new[name]), else_=old[name]
        )
        for name in ("start_time", "expected_start_time")
    }
    return insert.on_conflict_do_update(
        index_elements=[task_run.c.id],
        set_=replaced
        | earliest
        | {
            "total_run_time": sa.case(
                (new.total_run_time > old.total_run_time, new.total_run_time),
                else_=old.total_run_time,
            ),
        },
    )


_REPLACED = (
    "name",
    "task_version",
    "cache_key",
    "tags",
    "labels",
    "task_inputs",
    "empirical_policy",
    "run_count",
    "flow_run_run_count",
    "end_time",
    "state_id",
    "state_type",
    "state_name",
    "state_timestamp",
    "state_message",
    "state_details",
    "state_data",
    "updated",
)


def _insert(connection: AsyncConnection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _run_row(scope: Scope, record: TaskRunRecord, now: datetime) -> dict[str, Any]:
    row = columns_of(record)
    del row["day"]
    return row | {"workspace_id": scope.workspace_id, "created": now, "updated": now}


def _state_rows(
    scope: Scope, records: Sequence[TaskRunRecord], now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "day": record.day,
            "id": record.state_id,
            "workspace_id": scope.workspace_id,
            "task_run_id": record.id,
            "type": record.state_type,
            "name": record.state_name,
            "timestamp": record.state_timestamp,
            "message": record.state_message,
            "state_details": record.state_details,
            "data": record.state_data,
            "created": now,
        }
        for record in records
    ]
