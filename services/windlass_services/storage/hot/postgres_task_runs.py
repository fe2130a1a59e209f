"""Recording task runs on PostgreSQL, with the events that tell of them: one statement a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.dialects import postgresql

from windlass.clock import Clock
from windlass.exceptions import ObjectAlreadyExists
from windlass_services.runtime.batching import Answers
from windlass_services.storage.hot.codec import Fields, encoded_columns, postgres_fields
from windlass_services.storage.hot.postgres_pool import PostgresPool, until_won
from windlass_services.storage.hot.postgres_statements import stored, unnested
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.rows import columns_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event, task_run, task_run_state
from windlass_services.storage.task_run_records import (
    RUN_COLUMNS,
    TaskRunRecord,
    is_there,
    merged,
    on_conflict,
    run_row,
    state_row,
)


@dataclass(frozen=True, slots=True)
class Recording:
    """What one call records."""

    scope: Scope
    records: Sequence[TaskRunRecord]
    events: Sequence[EventRow]


class PostgresTaskRuns:
    """Recordings in batches."""

    def __init__(self, pool: PostgresPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def record(self, asked: Sequence[Recording]) -> Answers[int]:
        """How many events were new, for each. A failure is the whole batch's: one is at fault."""
        try:
            new = await until_won(lambda: self._write(asked))
        except asyncpg.UniqueViolationError as error:
            raise ObjectAlreadyExists(
                f"A task run with this dynamic key exists: {error.detail}"
            ) from error
        answers: list[int] = []
        for one in asked:
            ids = {row.id for row in one.events} & new
            answers.append(len(ids))
            new -= ids
        return answers

    async def _write(self, asked: Sequence[Recording]) -> set[UUID]:
        now = self._clock()
        arguments = [
            *encoded_columns(_EVENT, _sorted(_event_rows(asked))),
            *encoded_columns(_STATE, _sorted(_state_rows(asked, now))),
            *encoded_columns(_RUN, _run_rows(asked, now)),
        ]
        async with self._pool.statements() as connection:
            return {id for (id,) in await connection.fetch(_RECORD, *arguments)}


def _event_rows(asked: Sequence[Recording]) -> list[dict[str, Any]]:
    return [
        columns_of(row) | {"workspace_id": one.scope.workspace_id}
        for one in asked
        for row in one.events
    ]


def _state_rows(asked: Sequence[Recording], now: datetime) -> list[dict[str, Any]]:
    return [state_row(one.scope, record, now) for one in asked for record in one.records]


def _run_rows(asked: Sequence[Recording], now: datetime) -> list[dict[str, Any]]:
    scopes = {record.id: one.scope for one in asked for record in one.records}
    runs = merged(record for one in asked for record in one.records)
    return [run_row(scopes[run.id], run, now) for run in runs]


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # In one order everywhere: two batches with the same rows must not wait in a circle.
    return sorted(rows, key=lambda row: (row["day"], row["id"]))


def _insert(table: str, fields: Fields, after: int, where: str = "") -> str:
    names = ", ".join(field.name for field in fields)
    values = ", ".join(stored(field) for field in fields)
    rows = unnested(fields, after=after)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {rows}{where}"


_EVENT: Final = postgres_fields(event.columns)
_STATE: Final = postgres_fields(task_run_state.columns)
_RUN: Final = postgres_fields(RUN_COLUMNS)
_OF_RUNS: Final = f" WHERE {is_there('v.flow_run_id')}"
_AFTER_EVENTS: Final = len(_EVENT)
_AFTER_STATES: Final = _AFTER_EVENTS + len(_STATE)
_RECORD: Final = (
    f"WITH events AS ({_insert('event', _EVENT, 0)} ON CONFLICT DO NOTHING RETURNING id),"
    f" runs AS ({_insert('task_run', _RUN, _AFTER_STATES, _OF_RUNS)}"
    f" {on_conflict(postgresql.insert(task_run), postgresql.dialect())} RETURNING id),"
    " states AS ("
    + _insert(
        "task_run_state", _STATE, _AFTER_EVENTS, " WHERE v.task_run_id IN (SELECT id FROM runs)"
    )
    + " ON CONFLICT DO NOTHING) SELECT id FROM events"
)
