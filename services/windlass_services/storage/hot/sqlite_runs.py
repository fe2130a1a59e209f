"""Creating flow runs and moving them between states, on SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from windlass.exceptions import ObjectNotFound, ServerBusy
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import Flow
from windlass_services.storage.flow_run_rows import flow_run_from_row
from windlass_services.storage.flows import flow_from_row, no_flow
from windlass_services.storage.hot.codec import Fields, Row, decoded, encoded, sqlite_fields
from windlass_services.storage.hot.decide import decide, facts_from_row, outcome_of
from windlass_services.storage.hot.facts import Decision, FlowRunFacts, FlowRunTransition
from windlass_services.storage.hot.line import RANK_REPLACED, rank_written
from windlass_services.storage.hot.protocol import (
    CreatedFlowRun,
    Govern,
    NewFlowRun,
    TransitionOutcome,
)
from windlass_services.storage.hot.queries import facts_query, flow_runs_query, flows_query
from windlass_services.storage.hot.sqlite_line import let_in
from windlass_services.storage.hot.teardowns import insert_teardowns
from windlass_services.storage.hot.writes import (
    EXECUTION_CHANGES,
    HISTORY_SOURCES,
    OPENED_COLUMNS,
    OUTBOX_KIND,
    OUTBOX_SOURCES,
    RUN_CHANGES,
    announced_fields,
    created_run,
    creation_writes,
    writes_of,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    dispatchable,
    execution,
    flow_run,
    flow_run_state,
)


def create_flow_runs(
    cursor: sqlite3.Cursor, scope: Scope, runs: Sequence[NewFlowRun], now: datetime
) -> list[CreatedFlowRun]:
    """See `HotOperations.create_flow_runs`."""
    return [_create(cursor, scope, new, now) for new in runs]


def read_flow(cursor: sqlite3.Cursor, scope: Scope, id: UUID) -> Flow:
    """See `HotOperations.read_flow`."""
    found = cursor.execute(_READ_FLOW, (id.hex, scope.workspace_id.hex)).fetchone()
    if found is None:
        raise no_flow(id)
    return flow_from_row(decoded(_FLOWS.fields, found))


def transition(
    cursor: sqlite3.Cursor,
    scope: Scope,
    proposal: FlowRunTransition,
    govern: Govern,
    now: datetime,
) -> TransitionOutcome:
    """See `HotOperations.transition`."""
    run = read_facts(cursor, scope, proposal.flow_run_id)
    decision = decide(run, proposal, now, govern)
    write_decision(cursor, scope, run, proposal, decision, now)
    return outcome_of(run, decision)


def read_facts(cursor: sqlite3.Cursor, scope: Scope, flow_run_id: UUID) -> FlowRunFacts:
    """Raises `ObjectNotFound`."""
    values = cursor.execute(_READ_FACTS, (flow_run_id.hex, scope.workspace_id.hex)).fetchone()
    if values is None:
        raise ObjectNotFound(f"There is no flow run with the id {flow_run_id}.")
    return facts_from_row(decoded(_FACTS.fields, values))


def write_decision(
    cursor: sqlite3.Cursor,
    scope: Scope,
    run: FlowRunFacts,
    proposal: FlowRunTransition,
    decision: Decision,
    now: datetime,
) -> None:
    """Write all that the decision brings; nothing when it has no state."""
    writes = writes_of(scope, run, proposal, decision, now=now, new_id=uuid7)
    if writes is None:
        return
    row = encoded(_TRANSITION, writes.run)
    cursor.execute(_UPDATE_RUN, row)
    if cursor.rowcount != 1:
        raise ServerBusy("The flow run changed while its transition was decided.", retry_after=0)
    states = (writes.passed, writes.run) if writes.passed else (writes.run,)
    for announced in states:
        row = encoded(_TRANSITION, announced)
        cursor.execute(_INSERT_STATE, row)
        cursor.execute(_INSERT_OUTBOX, row)
    for changed in writes.changed:
        cursor.execute(_CHANGE_EXECUTION, encoded(_CHANGED, changed))
    _insert_beside(cursor, writes.opened, writes.dispatched)
    if writes.withdrawn:
        cursor.execute(_WITHDRAW, (row["id"],))
    for execution_id in writes.orphaned:
        cursor.execute(_TEAR_DOWN, (execution_id, row["updated"]))
    if writes.freed is not None:
        let_in(cursor, writes.freed, row["updated"])


def _create(cursor: sqlite3.Cursor, scope: Scope, new: NewFlowRun, now: datetime) -> CreatedFlowRun:
    writes = creation_writes(scope, new, now=now, outbox_id=uuid7())
    row = encoded(_CREATION, writes.run)
    cursor.execute(_INSERT_RUN, row)
    if cursor.rowcount != 1:
        return CreatedFlowRun(_read_existing(cursor, row, now), created=False)
    if row["state_id"] is not None:
        cursor.execute(_INSERT_STATE, row)
        cursor.execute(_INSERT_OUTBOX, row)
    _insert_beside(cursor, writes.opened, writes.dispatched)
    return CreatedFlowRun(created_run(new, writes), created=True)


def _read_existing(cursor: sqlite3.Cursor, row: Row, now: datetime) -> FlowRun:
    values = cursor.execute(_READ_EXISTING, row).fetchone()
    return flow_run_from_row(decoded(_FLOW_RUNS.fields, values), now)


def _insert_beside(cursor: sqlite3.Cursor, opened: Row | None, dispatched: Row | None) -> None:
    if opened is not None:
        cursor.execute(_INSERT_EXECUTION, encoded(_OPENED, opened))
    if dispatched is not None:
        cursor.execute(_DISPATCH, encoded(_DISPATCHED, dispatched))


_FACTS: Final = facts_query(sqlite_fields)
_READ_FACTS: Final = f"{_FACTS.text} WHERE r.id = ? AND r.workspace_id = ?"

_FLOW_RUNS: Final = flow_runs_query(sqlite_fields)
_READ_EXISTING: Final = (
    f"{_FLOW_RUNS.text} WHERE r.id = :id OR (r.workspace_id = :workspace_id"
    " AND r.flow_id = :flow_id AND r.idempotency_key = :idempotency_key)"
)

_CREATION: Final = sqlite_fields(flow_run.columns) + announced_fields(sqlite_fields)
_TRANSITION: Final = (
    sqlite_fields((flow_run.c.id, flow_run.c.workspace_id))
    + sqlite_fields((flow_run.c.state_id,), "seen_")
    + sqlite_fields(RUN_CHANGES)
    + announced_fields(sqlite_fields)
)
_OPENED: Final = sqlite_fields(OPENED_COLUMNS)
_CHANGED: Final = sqlite_fields((execution.c.id, *EXECUTION_CHANGES))
_DISPATCHED: Final = sqlite_fields(dispatchable.columns)


def _insert(
    table: sa.Table, sources: Mapping[str, str], computed: Mapping[str, str] = MappingProxyType({})
) -> str:
    values = ", ".join(computed.get(name, f":{source}") for name, source in sources.items())
    return f"INSERT INTO {table.name} ({', '.join(sources)}) VALUES ({values})"


def _insert_all(
    table: sa.Table, fields: Fields, computed: Mapping[str, str] = MappingProxyType({})
) -> str:
    return _insert(table, {field.name: field.name for field in fields}, computed)


_INSERT_RUN: Final = (
    _insert_all(flow_run, sqlite_fields(flow_run.columns)) + " ON CONFLICT DO NOTHING"
)
_INSERT_STATE: Final = _insert(flow_run_state, HISTORY_SOURCES)
_INSERT_OUTBOX: Final = (
    f"INSERT INTO outbox ({', '.join(OUTBOX_SOURCES)}, kind)"
    f" VALUES ({', '.join(f':{source}' for source in OUTBOX_SOURCES.values())}, '{OUTBOX_KIND}')"
)
_INSERT_EXECUTION: Final = _insert_all(execution, _OPENED)
_UPDATE_RUN: Final = (
    f"UPDATE flow_run SET {', '.join(f'{column.name} = :{column.name}' for column in RUN_CHANGES)}"
    " WHERE id = :id AND state_id IS :seen_state_id"
)
_CHANGE_EXECUTION: Final = (
    "UPDATE execution SET "
    + ", ".join(
        f"{column.name} = coalesce(:{column.name}, {column.name})" for column in EXECUTION_CHANGES
    )
    + " WHERE id = :id AND ended_at IS NULL"
)
_DISPATCH: Final = (
    _insert_all(dispatchable, _DISPATCHED, {"rank": rank_written(":", "max")})
    + f" ON CONFLICT (flow_run_id) DO UPDATE SET rank = {RANK_REPLACED}, "
    + ", ".join(
        f"{field.name} = excluded.{field.name}"
        for field in _DISPATCHED
        if field.name not in ("flow_run_id", "rank")
    )
)
_TEAR_DOWN: Final = insert_teardowns("e.id = ?1", "?2")
_WITHDRAW: Final = "DELETE FROM dispatchable WHERE flow_run_id = ?"
_FLOWS: Final = flows_query(sqlite_fields)
_READ_FLOW: Final = f"{_FLOWS.text} WHERE f.id = ? AND f.workspace_id = ?"
