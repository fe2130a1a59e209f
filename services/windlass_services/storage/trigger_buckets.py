"""What triggers remember: read and locked in one order, written back in the same transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.base import JsonObject
from windlass_services.storage.event_rows import AS_SENT, earliest_day
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event, trigger_bucket
from windlass_services.storage.upserts import insert_into

_AT_ONCE: Final = 1000
"""Keys in a statement: both dialects bound the number of its values."""
_MOST_EVIDENCE: Final = 5000


@dataclass(frozen=True, slots=True, order=True)
class BucketKey:
    """Which bucket: of a trigger, and for the values of its labels in `key`."""

    automation_id: UUID
    trigger_id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class BucketRow:
    """A bucket as stored. `counted` is empty for a new one."""

    counted: JsonObject = field(default_factory=dict[str, Any])
    window_start: datetime | None = None
    due: datetime | None = None


async def hold_buckets(
    connection: AsyncConnection, scope: Scope, keys: Collection[BucketKey], *, now: datetime
) -> dict[BucketKey, BucketRow]:
    """Lock these buckets until the end of the transaction; those that are missing are made.

    Everybody locks in the same order. The automations have to be there.
    """
    # Says nothing new; but it locks the row that is there, and returns it.
    held = insert_into(connection, trigger_bucket).on_conflict_do_update(
        index_elements=_KEY, set_={"due": trigger_bucket.c.due}
    )
    rows = {key: BucketRow() for key in keys}
    return dict(map(_bucket, await _in_order(connection, scope, held, rows, now)))


async def is_any_due(connection: AsyncConnection, scope: Scope, *, now: datetime) -> bool:
    """Whether a bucket is due, whoever may hold it."""
    due = sa.exists().where(
        trigger_bucket.c.workspace_id == scope.workspace_id, trigger_bucket.c.due <= now
    )
    return (await connection.execute(sa.select(due))).scalar_one()


async def hold_due_buckets(
    connection: AsyncConnection, scope: Scope, *, now: datetime, limit: int
) -> dict[BucketKey, BucketRow]:
    """Lock buckets that are due, the longest due first; those that others hold are theirs."""
    rows = await connection.execute(
        sa.select(*_COLUMNS)
        .where(trigger_bucket.c.workspace_id == scope.workspace_id, trigger_bucket.c.due <= now)
        .order_by(trigger_bucket.c.due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return dict(map(_bucket, rows.mappings()))


async def write_buckets(
    connection: AsyncConnection, scope: Scope, rows: Mapping[BucketKey, BucketRow], *, now: datetime
) -> None:
    """Store buckets that this transaction holds."""
    insert = insert_into(connection, trigger_bucket)
    changed = {name: insert.excluded[name] for name in _CHANGING}
    written = insert.on_conflict_do_update(index_elements=_KEY, set_=changed)
    await _in_order(connection, scope, written, rows, now)


async def add_buckets(
    connection: AsyncConnection, scope: Scope, rows: Mapping[BucketKey, BucketRow], *, now: datetime
) -> None:
    """Store buckets that are not there; leave the others alone."""
    added = insert_into(connection, trigger_bucket).on_conflict_do_nothing()
    await _in_order(connection, scope, added, rows, now)


async def delete_buckets(connection: AsyncConnection, keys: Collection[BucketKey]) -> None:
    """Delete buckets that this transaction holds."""
    for some in _in_portions(sorted(keys)):
        which = [(key.automation_id, key.trigger_id, key.key) for key in some]
        columns = sa.tuple_(*(trigger_bucket.c[name] for name in _KEY))
        await connection.execute(sa.delete(trigger_bucket).where(columns.in_(which)))


async def forget_buckets(connection: AsyncConnection, scope: Scope, *, before: datetime) -> int:
    """Delete what waits for nothing and did not change since then; returns how many there were.

    What is long due and still there is of a trigger that nobody looks after.
    """
    gone = await connection.execute(
        sa.delete(trigger_bucket).where(
            trigger_bucket.c.workspace_id == scope.workspace_id,
            sa.or_(trigger_bucket.c.due.is_(None), trigger_bucket.c.due < before),
            trigger_bucket.c.updated < before,
        )
    )
    return gone.rowcount


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events that may tell against a firing. None: of any name, or any resource."""

    since: datetime
    names: Sequence[str] | None
    """A name, or with `*` at its end the beginning of names."""
    resource_ids: Collection[str] | None


async def read_evidence(
    connection: AsyncConnection, scope: Scope, asked: Evidence
) -> list[dict[str, Any]]:
    """Stored events that happened since then, as their messages say them; the first 5,000."""
    clauses = [
        event.c.workspace_id == scope.workspace_id,
        event.c.occurred >= asked.since,
        event.c.day >= earliest_day(asked.since),
    ]
    if asked.names is not None:
        exact = [name for name in asked.names if not name.endswith("*")]
        beginnings = [name[:-1] for name in asked.names if name.endswith("*")]
        named = [event.c.event.startswith(one, autoescape=True) for one in beginnings]
        clauses.append(sa.or_(event.c.event.in_(exact), *named))
    if asked.resource_ids is not None:
        clauses.append(event.c.resource_id.in_(asked.resource_ids))
    return await _events(connection, clauses)


async def read_events_of_ids(
    connection: AsyncConnection, scope: Scope, ids: Collection[UUID], *, since: datetime
) -> dict[UUID, dict[str, Any]]:
    """Those of these events that are stored, and happened since then."""
    if not ids:
        return {}
    clauses = [
        event.c.workspace_id == scope.workspace_id,
        event.c.day >= earliest_day(since),
        event.c.id.in_(ids),
    ]
    return {row["id"]: row for row in await _events(connection, clauses)}


async def _events(
    connection: AsyncConnection, clauses: Sequence[sa.ColumnElement[bool]]
) -> list[dict[str, Any]]:
    rows = await connection.execute(
        sa.select(*AS_SENT).where(*clauses).order_by(event.c.occurred).limit(_MOST_EVIDENCE)
    )
    return [dict(row) for row in rows.mappings()]


async def _in_order(
    connection: AsyncConnection,
    scope: Scope,
    insert: sa.Insert,
    rows: Mapping[BucketKey, BucketRow],
    now: datetime,
) -> list[sa.RowMapping]:
    """Insert the rows, in the order in which everybody locks them; returns what is there then."""
    if not rows:
        return []
    values = [_values(scope, key, rows[key], now) for key in sorted(rows)]
    # With what it returns, a statement is one for a thousand rows, where it were one for each.
    return list((await connection.execute(insert.returning(*_COLUMNS), values)).mappings())


def _values(scope: Scope, key: BucketKey, row: BucketRow, now: datetime) -> dict[str, Any]:
    return {
        "automation_id": key.automation_id,
        "trigger_id": key.trigger_id,
        "key": key.key,
        "workspace_id": scope.workspace_id,
        "counted": row.counted,
        "window_start": row.window_start,
        "due": row.due,
        "updated": now,
    }


def _bucket(row: sa.RowMapping) -> tuple[BucketKey, BucketRow]:
    key = BucketKey(*(row[name] for name in _KEY))
    return key, BucketRow(row["counted"], row["window_start"], row["due"])


def _in_portions(keys: Sequence[BucketKey]) -> Iterator[Sequence[BucketKey]]:
    for first in range(0, len(keys), _AT_ONCE):
        yield keys[first : first + _AT_ONCE]


_KEY: Final = ("automation_id", "trigger_id", "key")
_CHANGING: Final = ("counted", "window_start", "due", "updated")
_COLUMNS: Final = [trigger_bucket.c[name] for name in (*_KEY, *_CHANGING[:3])]
