"""Recording task runs on SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from windlass.exceptions import ObjectAlreadyExists
from windlass_services.storage.hot.codec import Fields, encoded, sqlite_fields
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import task_run, task_run_state
from windlass_services.storage.task_run_records import (
    RUN_COLUMNS,
    TaskRunRecord,
    is_there,
    merged,
    on_conflict,
    run_row,
    state_row,
)


def record_task_runs(
    cursor: sqlite3.Cursor, scope: Scope, records: Sequence[TaskRunRecord], now: datetime
) -> None:
    """See `HotOperations.record_task_runs`."""
    runs = [run_row(scope, one, now) for one in merged(records)]
    try:
        write_rows(cursor, _UPSERT_RUN, _RUN, runs)
    except sqlite3.IntegrityError as error:
        raise ObjectAlreadyExists(f"A task run with this dynamic key exists: {error}.") from error
    write_rows(cursor, _INSERT_STATE, _STATE, [state_row(scope, one, now) for one in records])


def write_rows(
    cursor: sqlite3.Cursor, statement: str, fields: Fields, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Execute a statement for each row; returns how many rows it wrote."""
    cursor.executemany(statement, [encoded(fields, row) for row in rows])
    return max(cursor.rowcount, 0)


def insert_unless_there(table: sa.Table, where: str = "true") -> str:
    """The insert that leaves a row alone whose key exists, or that does not meet a condition."""
    return f"{_insert(table.name, table.columns, where)} ON CONFLICT DO NOTHING"


def _insert(table: str, columns: Iterable[sa.Column[Any]], where: str) -> str:
    names = [column.name for column in columns]
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} WHERE {where}"


_STATE: Final = sqlite_fields(task_run_state.columns)
_RUN: Final = sqlite_fields(RUN_COLUMNS)
_INSERT_STATE: Final = insert_unless_there(
    task_run_state,
    f"EXISTS (SELECT 1 FROM task_run t WHERE t.id = :task_run_id AND {is_there('t.flow_run_id')})",
)
_UPSERT_RUN: Final = (
    f"{_insert('task_run', RUN_COLUMNS, is_there(':flow_run_id'))}"
    f" {on_conflict(sqlite.insert(task_run), sqlite.dialect(paramstyle='named'))}"
)
