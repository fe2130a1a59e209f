"""The statements that write runs on PostgreSQL: one for a whole batch, its text one of a few.

Each takes one array per column. All that belongs to a batch is written by one statement, since a
round trip costs more than a row. What none of its runs needs is left out of it: PostgreSQL opens
every table and index that a statement names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from windlass_services.storage.hot.codec import (
    Field,
    Fields,
    Row,
    encoded_columns,
    postgres_fields,
)
from windlass_services.storage.hot.line import RANK_REPLACED, one_after_another, rank_written
from windlass_services.storage.hot.teardowns import insert_teardowns
from windlass_services.storage.hot.writes import (
    EXECUTION_CHANGES,
    HISTORY_SOURCES,
    OPENED_COLUMNS,
    OUTBOX_KIND,
    OUTBOX_SOURCES,
    RUN_CHANGES,
    CreationWrites,
    TransitionWrites,
    announced_fields,
)
from windlass_services.storage.tables import dispatchable, execution, flow_run

Statement: TypeAlias = tuple[str, list[list[Any]]]
"""A text, and one array for each of its parameters."""


def unnested(fields: Fields, *, after: int = 0) -> str:
    """Arrays as rows: `unnest($1::UUID[], ...) AS v(id, ...)`; the first is number `after` + 1."""
    arrays = ", ".join(
        f"${number}::{_sent_as(field)}[]" for number, field in enumerate(fields, after + 1)
    )
    return f"unnest({arrays}) AS v({', '.join(field.name for field in fields)})"


def version_of(run: str) -> str:
    """What tells the row of a run from the one that any later change makes of it."""
    return f"{run}.xmin::TEXT::BIGINT"


def stored(field: Field) -> str:
    """The value of a field of `v` as its column takes it."""
    if field.sql_type == "TEXT[]":
        return f"ARRAY(SELECT jsonb_array_elements_text(v.{field.name}))"
    return f"v.{field.name}"


def history_insert(table: sa.Table) -> tuple[Fields, str]:
    """What an insert of rows of history takes, and the statement: the ids of those that are new."""
    fields = postgres_fields(table.columns)
    values = ", ".join(stored(field) for field in fields)
    return fields, (
        f"INSERT INTO {table.name} ({_names(fields)}) SELECT {values} FROM {unnested(fields)}"
        " ON CONFLICT DO NOTHING RETURNING id"
    )


def creating(writes: Sequence[CreationWrites]) -> Statement:
    """Creates these runs, and answers with the ids that were new."""
    beside = _needed(
        (_OPEN, [write.opened for write in writes if write.opened]),
        (_DISPATCH, [write.dispatched for write in writes if write.dispatched]),
    )
    return _creation(tuple(beside)), _arrays(_CREATION, [write.run for write in writes], beside)


def transitioning(writes: Sequence[TransitionWrites]) -> Statement:
    """Writes all that belongs to those of the runs that are still as they were seen, and answers
    with the ids of these."""
    beside = _needed(
        (_OPEN, [write.opened for write in writes if write.opened]),
        (_DISPATCH, [write.dispatched for write in writes if write.dispatched]),
        (_CHANGE, [changed for write in writes for changed in write.changed]),
        (_WITHDRAW, [{"id": write.run["id"]} for write in writes if write.withdrawn]),
    )
    return _transition(tuple(beside)), _arrays(_TRANSITION, [write.run for write in writes], beside)


def passed_arguments(writes: Sequence[TransitionWrites]) -> list[list[Any]]:
    """What ANNOUNCE_PASSED takes."""
    return encoded_columns(_TRANSITION, [write.passed for write in writes if write.passed])


def _sent_as(field: Field) -> str:
    return "JSONB" if field.sql_type == "TEXT[]" else field.sql_type


def _names(fields: Fields) -> str:
    return ", ".join(field.name for field in fields)


def _announce(runs: str) -> str:
    """History and outbox rows for the runs of `v` whose ids are in `runs`."""
    history = ", ".join(f"v.{source}" for source in HISTORY_SOURCES.values())
    announced = ", ".join(f"v.{source}" for source in OUTBOX_SOURCES.values())
    return (
        f"history AS (INSERT INTO flow_run_state ({', '.join(HISTORY_SOURCES)})"
        f" SELECT {history} FROM v JOIN {runs} USING (id) WHERE v.state_id IS NOT NULL),"
        f" announced AS (INSERT INTO outbox ({', '.join(OUTBOX_SOURCES)}, kind)"
        f" SELECT {announced}, '{OUTBOX_KIND}' FROM v JOIN {runs} USING (id)"
        " WHERE v.state_id IS NOT NULL)"
    )


def _open(rows: str, runs: str) -> str:
    return (
        f"opened AS (INSERT INTO execution ({_names(_OPENED)})"
        f" SELECT v.* FROM {rows} WHERE v.flow_run_id IN (SELECT id FROM {runs}))"
    )


def _dispatch(rows: str, runs: str) -> str:
    dispatched = {field.name: field.name for field in _DISPATCHED}
    dispatched["rank"] = one_after_another("place", "due_at, flow_run_id")
    replaced = {name: f"excluded.{name}" for name in dispatched if name != "flow_run_id"}
    replaced["rank"] = RANK_REPLACED
    return (
        # Places are found before any is written: what is in line is not looked for among these.
        f"coming AS MATERIALIZED (SELECT v.*, {rank_written('v.', 'greatest')} AS place"
        f" FROM {rows} WHERE v.flow_run_id IN (SELECT id FROM {runs})),"
        f" dispatched AS (INSERT INTO dispatchable ({_names(_DISPATCHED)})"
        f" SELECT {', '.join(dispatched.values())} FROM coming"
        f" ON CONFLICT (flow_run_id) DO UPDATE SET {_assignments(replaced)})"
    )


def _change(rows: str, runs: str) -> str:
    set_to = {c.name: f"coalesce(c.{c.name}, e.{c.name})" for c in EXECUTION_CHANGES}
    return (
        # Leases are renewed in the order of ids, too: neither waits for the other in a circle.
        f"changing AS (SELECT v.*, e.id AS locked FROM {rows}"
        " JOIN execution e USING (id) WHERE e.ended_at IS NULL"
        f" AND e.flow_run_id IN (SELECT id FROM {runs}) ORDER BY e.id FOR NO KEY UPDATE OF e),"
        f" changed AS (UPDATE execution e SET {_assignments(set_to)}"
        " FROM changing c WHERE e.id = c.locked)"
    )


def _withdraw(rows: str, runs: str) -> str:
    return (
        f"withdrawn AS (DELETE FROM dispatchable d USING {rows}"
        f" WHERE d.flow_run_id = v.id AND v.id IN (SELECT id FROM {runs}))"
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a statement writes beside runs that need it. `write` is given the rows, and what the
    runs are called that were written."""

    fields: Fields
    write: Callable[[str, str], str]


def _needed(*parts: tuple[_Part, Sequence[Row]]) -> Mapping[_Part, Sequence[Row]]:
    return {part: rows for part, rows in parts if rows}


def _arrays(
    fields: Fields, runs: Sequence[Row], beside: Mapping[_Part, Sequence[Row]]
) -> list[list[Any]]:
    arrays = encoded_columns(fields, runs)
    for part, rows in beside.items():
        arrays += encoded_columns(part.fields, rows)
    return arrays


def _with_parts(first: str, runs: str, after: int, parts: Sequence[_Part]) -> str:
    texts = [first, _announce(runs)]
    for part in parts:
        texts.append(part.write(unnested(part.fields, after=after), runs))
        after += len(part.fields)
    return f"WITH {', '.join(texts)} SELECT id FROM {runs}"


@cache
def _creation(parts: tuple[_Part, ...]) -> str:
    created = (
        f"v AS (SELECT * FROM {unnested(_CREATION)}),"
        f" created AS (INSERT INTO flow_run ({_names(_RUN)}) SELECT {_names(_RUN)} FROM v"
        " ON CONFLICT DO NOTHING RETURNING id)"
    )
    return _with_parts(created, "created", len(_CREATION), parts)


@cache
def _transition(parts: tuple[_Part, ...]) -> str:
    changes = _assignments({column.name: f"v.{column.name}" for column in RUN_CHANGES})
    written = (
        f"v AS (SELECT * FROM {unnested(_TRANSITION)}),"
        f" written AS (UPDATE flow_run r SET {changes} FROM v"
        f" WHERE r.id = v.id AND {version_of('r')} = v.seen_version RETURNING r.id)"
    )
    return _with_parts(written, "written", len(_TRANSITION), parts)


def _assignments(sources: Mapping[str, str]) -> str:
    return ", ".join(f"{column} = {source}" for column, source in sources.items())


_RUN: Final = postgres_fields(flow_run.columns)
_CREATION: Final = _RUN + announced_fields(postgres_fields)
_SEEN: Final = (Field("seen_version", None, None, "BIGINT"),)
_TRANSITION: Final = (
    postgres_fields((flow_run.c.id, flow_run.c.workspace_id))
    + _SEEN
    + postgres_fields(RUN_CHANGES)
    + announced_fields(postgres_fields)
)
_OPENED: Final = postgres_fields(OPENED_COLUMNS)
_CHANGED: Final = postgres_fields((execution.c.id, *EXECUTION_CHANGES))
_DISPATCHED: Final = postgres_fields(dispatchable.columns)

_OPEN: Final = _Part(_OPENED, _open)
_DISPATCH: Final = _Part(_DISPATCHED, _dispatch)
_CHANGE: Final = _Part(_CHANGED, _change)
_WITHDRAW: Final = _Part(postgres_fields((flow_run.c.id,)), _withdraw)

ANNOUNCE_PASSED: Final = (
    f"WITH v AS (SELECT * FROM {unnested(_TRANSITION)}), {_announce('v AS passed')} SELECT 1"
)
"""History and outbox rows of states that runs passed through."""

TEAR_DOWN: Final = insert_teardowns("e.id = ANY($1::TEXT[])", "$2::TIMESTAMPTZ")
"""A later statement of the same transaction: it sees the handle that the ended execution has."""
