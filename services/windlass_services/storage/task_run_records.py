"""Task runs as their events tell them: one bulk upsert per batch; the newest state wins.

What is written; `hot` writes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from windlass_services.storage.rows import columns_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import task_run


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


RUN_COLUMNS: Final = tuple(
    column
    for column in task_run.columns
    if column.name not in ("next_scheduled_start_time", "cache_expiration")
)
"""What an event says of a run; the rest is of runs that the server orchestrates."""


def merged(records: Iterable[TaskRunRecord]) -> list[TaskRunRecord]:
    """One record for each run: its newest, with what the upsert would keep of the others.

    In order of their ids, so that two recorders never wait for each other in a circle.
    """
    runs: dict[UUID, TaskRunRecord] = {}
    for record in sorted(records, key=_by_time):
        before = runs.get(record.id)
        runs[record.id] = record if before is None else _joined(before, record)
    return sorted(runs.values(), key=lambda record: record.id)


def run_row(scope: Scope, record: TaskRunRecord, now: datetime) -> dict[str, Any]:
    """The columns of `task_run`."""
    row = columns_of(record)
    del row["day"]
    return row | {"workspace_id": scope.workspace_id, "created": now, "updated": now}


def state_row(scope: Scope, record: TaskRunRecord, now: datetime) -> dict[str, Any]:
    """The columns of `task_run_state`."""
    return {
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


def upsert(insert: postgresql.Insert | sqlite.Insert) -> sa.Insert:
    """The insert of a run, by the names of its columns, in which the newest state wins."""
    insert = insert.values({column.name: sa.bindparam(column.name) for column in RUN_COLUMNS})
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
    longest = sa.case(
        (new.total_run_time > old.total_run_time, new.total_run_time), else_=old.total_run_time
    )
    return insert.on_conflict_do_update(
        index_elements=[task_run.c.id], set_=replaced | earliest | {"total_run_time": longest}
    )


def _by_time(record: TaskRunRecord) -> tuple[datetime, UUID]:
    return record.state_timestamp, record.state_id


def _joined(before: TaskRunRecord, record: TaskRunRecord) -> TaskRunRecord:
    start = _earliest(before.start_time, record.start_time)
    expected = _earliest(before.expected_start_time, record.expected_start_time)
    longest = max(before.total_run_time, record.total_run_time)
    told = (record.start_time, record.expected_start_time, record.total_run_time)
    if told == (start, expected, longest):
        # As it is with every run that was reported from its beginning; a copy takes its time.
        return record
    return replace(record, start_time=start, expected_start_time=expected, total_run_time=longest)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


_REPLACED: Final = (
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
