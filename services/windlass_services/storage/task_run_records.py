"""Task runs as their events tell them: one bulk upsert per batch; the newest state wins.

But an end that the client reported stands against one that the server presumed, whichever is the
newer and whichever comes first, unless that one was of a later attempt (decision 27).
What is written; `hot` writes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from windlass.schemas.states import TERMINAL_STATES
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

    @property
    def is_presumed(self) -> bool:
        """It is an end that the server presumed."""
        return bool(self.state_details.get(_PRESUMED))

    def settles(self, other: "TaskRunRecord") -> bool:
        """It is the end in whose place the other one was presumed."""
        return (
            other.is_presumed
            and not self.is_presumed
            and self.state_type in TERMINAL_STATES
            and self.run_count >= other.run_count
        )


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


def is_there(flow_run_id: str) -> str:
    """The condition that a task run has no flow run, or one that nobody has deleted: what comes
    late for one that is gone brings nothing back (decision 30)."""
    there = f"EXISTS (SELECT 1 FROM flow_run r WHERE r.id = {flow_run_id})"
    return f"({flow_run_id} IS NULL OR {there})"


def on_conflict(insert: postgresql.Insert | sqlite.Insert, dialect: sa.Dialect) -> str:
    """The end of the insert of a run that may exist: its newest state wins, or the end that was not
    presumed."""
    whole = str(_upsert(insert).compile(dialect=dialect))
    return whole[whole.index("ON CONFLICT") :]


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> sa.Insert:
    insert = insert.values({column.name: sa.bindparam(column.name) for column in RUN_COLUMNS})
    new, old = insert.excluded, task_run.c
    is_newer = sa.or_(
        old.state_timestamp.is_(None),
        new.state_timestamp > old.state_timestamp,
        sa.and_(new.state_timestamp == old.state_timestamp, new.state_id > old.state_id),
    )
    is_presumed = _POSTGRES_PRESUMED if isinstance(insert, postgresql.Insert) else _SQLITE_PRESUMED
    settles = _settles("excluded", "task_run", is_presumed)
    is_settled = _settles("task_run", "excluded", is_presumed)
    wins = sa.or_(settles, sa.and_(is_newer, sa.not_(is_settled)))
    replaced = {name: sa.case((wins, new[name]), else_=old[name]) for name in _REPLACED}
    stays_presumed = sa.and_(sa.not_(wins), _true_of("task_run", is_presumed))
    is_now_presumed = sa.and_(wins, _true_of("excluded", is_presumed))
    attempts = sa.case(
        # What is presumed to have ended is the latest attempt that anybody has told of.
        (sa.and_(is_now_presumed, old.run_count > new.run_count), old.run_count),
        (sa.and_(stays_presumed, new.run_count > old.run_count), new.run_count),
        else_=replaced["run_count"],
    )
    # Whatever the order in which states come, these are the same in the end.
    earliest = {
        name: sa.case(
            (sa.or_(old[name].is_(None), new[name] < old[name]), new[name]), else_=old[name]
        )
        for name in ("start_time", "expected_start_time")
    }
    longest = sa.case(
        # Until its presumed end it was not seen to run.
        (settles, new.total_run_time),
        (is_settled, old.total_run_time),
        (new.total_run_time > old.total_run_time, new.total_run_time),
        else_=old.total_run_time,
    )
    told = {"run_count": attempts, "total_run_time": longest}
    return insert.on_conflict_do_update(
        index_elements=[task_run.c.id], set_=replaced | earliest | told
    )


def _by_time(record: TaskRunRecord) -> tuple[datetime, UUID]:
    return record.state_timestamp, record.state_id


def _joined(before: TaskRunRecord, record: TaskRunRecord) -> TaskRunRecord:
    start = _earliest(before.start_time, record.start_time)
    expected = _earliest(before.expected_start_time, record.expected_start_time)
    kept = before if before.settles(record) else record
    longest, attempts = kept.total_run_time, kept.run_count
    if kept is record and not record.settles(before):
        longest = max(before.total_run_time, longest)
    if kept.is_presumed:
        attempts = max(before.run_count, attempts)
    told = (kept.start_time, kept.expected_start_time, kept.total_run_time, kept.run_count)
    if told == (start, expected, longest, attempts):
        # As it is with every run that was reported from its beginning; a copy takes its time.
        return kept
    return replace(
        kept,
        start_time=start,
        expected_start_time=expected,
        total_run_time=longest,
        run_count=attempts,
    )


def _settles(end: str, presumed: str, is_presumed: str) -> sa.ColumnElement[bool]:
    """`TaskRunRecord.settles` between two rows. What is seldom true is asked first."""
    return sa.literal_column(
        f"COALESCE({presumed}.state_type IN ({_PRESUMED_ENDS}) AND {end}.state_type IN ({_ENDS})"
        f" AND {is_presumed.format(presumed)} AND NOT {is_presumed.format(end)}"
        f" AND {end}.run_count >= {presumed}.run_count, FALSE)",
        sa.Boolean,
    )


def _true_of(row: str, is_presumed: str) -> sa.ColumnElement[bool]:
    asked = f"{row}.state_type IN ({_PRESUMED_ENDS}) AND {is_presumed.format(row)}"
    return sa.literal_column(f"COALESCE({asked}, FALSE)", sa.Boolean)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


_PRESUMED: Final = "presumed"
_PRESUMED_ENDS: Final = "'CANCELLED', 'CRASHED'"
_ENDS: Final = ", ".join(f"'{state}'" for state in sorted(TERMINAL_STATES))
_POSTGRES_PRESUMED: Final = "COALESCE({}.state_details ->> 'presumed' = 'true', FALSE)"
_SQLITE_PRESUMED: Final = "COALESCE(json_extract({}.state_details, '$.presumed'), FALSE)"
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
