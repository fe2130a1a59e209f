"""Handing due runs to workers, and renewing their leases, on SQLite."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from windlass.exceptions import ObjectNotFound
from windlass.schemas.executions import ClaimedRun, Intent
from windlass_services.storage.catch_up import is_skipped
from windlass_services.storage.hot.claims import (
    MOST_REFUSED,
    PoolTerms,
    QueueTerms,
    Room,
    claim_proposal,
    full_until,
    is_taken,
    on_terms_of,
    room_in,
)
from windlass_services.storage.hot.codec import decoded, sqlite_fields
from windlass_services.storage.hot.decide import decide
from windlass_services.storage.hot.leases import intent_of
from windlass_services.storage.hot.line import IN_LINE
from windlass_services.storage.hot.protocol import Claim, Govern, Renewal, RenewalOutcome
from windlass_services.storage.hot.queries import claimed_query, claimed_run_from_row
from windlass_services.storage.hot.sqlite_line import hold_back, line_up
from windlass_services.storage.hot.sqlite_runs import read_facts, write_decision
from windlass_services.storage.json_text import json_text
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import from_microseconds, to_microseconds


def claim_runs(
    cursor: sqlite3.Cursor, scope: Scope, claim: Claim, govern: Govern, now: datetime
) -> list[ClaimedRun]:
    """See `HotOperations.claim`."""
    pool = _read_pool(cursor, scope, claim)
    if not pool.answered:
        _take(cursor, scope, claim, pool, govern, now)
    rows = cursor.execute(_READ_CLAIMED, (claim.request_id.hex, claim.work_pool_id.hex)).fetchall()
    return [claimed_run_from_row(decoded(_CLAIMED.fields, row), claim.lease, now) for row in rows]


def renew_leases(
    cursor: sqlite3.Cursor,
    scope: Scope,
    renewals: Sequence[Renewal],
    now: datetime,
    lease: timedelta,
) -> list[RenewalOutcome]:
    """See `HotOperations.renew`."""
    expires = to_microseconds(now + lease)
    return [
        RenewalOutcome(renewal.execution_id, _renew(cursor, scope, renewal.execution_id, expires))
        for renewal in renewals
    ]


def next_due(cursor: sqlite3.Cursor, work_pool_ids: Collection[UUID]) -> datetime | None:
    """See `HotOperations.next_due`."""
    (earliest,) = cursor.execute(
        _NEXT_DUE, (json_text([pool.hex for pool in work_pool_ids]),)
    ).fetchone()
    return None if earliest is None else from_microseconds(earliest)


def _take(
    cursor: sqlite3.Cursor,
    scope: Scope,
    claim: Claim,
    pool: PoolTerms,
    govern: Govern,
    now: datetime,
) -> None:
    seen: set[UUID] = set()
    taken = 0
    queues = [queue.id for queue in pool.queues]
    line_up(cursor, queues, claim.due_before, now)
    while taken < claim.limit and len(seen) - taken < MOST_REFUSED:
        live = _count_live(cursor, claim) if pool.has_limits else {}
        candidates = _peek(cursor, claim, room_in(pool, live, claim.limit - taken), seen, now)
        full: set[UUID | None] = set()
        if not candidates:
            return
        for flow_run_id in candidates:
            run = read_facts(cursor, scope, flow_run_id)
            if run.deployment_id in full:
                continue
            seen.add(flow_run_id)
            proposal = claim_proposal(claim, flow_run_id, now)
            decision = on_terms_of(claim, run, decide(run, proposal, now, govern), now)
            write_decision(cursor, scope, run, proposal, decision, now)
            until = full_until(decision)
            if run.deployment_id is not None and until is not None:
                full.add(run.deployment_id)
                hold_back(cursor, queues, run.deployment_id, until)
            taken += is_taken(decision)


def _peek(
    cursor: sqlite3.Cursor, claim: Claim, room: Room, seen: Collection[UUID], now: datetime
) -> list[UUID]:
    """The next candidates in order, without those that were decided before."""
    found: list[tuple[int, int, int, UUID]] = []
    due = to_microseconds(claim.due_before)
    moments = (to_microseconds(now), to_microseconds(now - claim.late_after))
    for queue, most in room.of_queue:
        rows = cursor.execute(_PEEK, (queue.id.hex, due, *moments, most + len(seen)))
        unseen = [
            (queue.priority, run_priority, rank, id)
            for run_priority, rank, hex in rows
            if (id := UUID(hex)) not in seen
        ]
        found += unseen[:most]
    return [id for *_, id in sorted(found)[: room.total]]


def _read_pool(cursor: sqlite3.Cursor, scope: Scope, claim: Claim) -> PoolTerms:
    row = cursor.execute(
        _READ_POOL,
        (claim.request_id.hex, claim.work_pool_id.hex, scope.workspace_id.hex),
    ).fetchone()
    if row is None:
        raise ObjectNotFound(f"There is no work pool with the id {claim.work_pool_id}.")
    is_paused, concurrency_limit, answered = row
    asked = claim.work_queue_ids
    queues = (
        QueueTerms(UUID(id), priority, limit)
        for id, priority, limit in cursor.execute(_READ_QUEUES, (claim.work_pool_id.hex,))
    )
    return PoolTerms(
        concurrency_limit,
        () if is_paused else tuple(q for q in queues if asked is None or q.id in asked),
        bool(answered),
    )


def _count_live(cursor: sqlite3.Cursor, claim: Claim) -> dict[UUID | None, int]:
    rows = cursor.execute(_COUNT_LIVE, (claim.work_pool_id.hex,))
    return {queue and UUID(queue): count for queue, count in rows}


def _renew(cursor: sqlite3.Cursor, scope: Scope, execution_id: str, expires: int) -> Intent:
    row: tuple[Any, ...] | None = cursor.execute(
        _READ_NEWEST, (execution_id, scope.workspace_id.hex)
    ).fetchone()
    if row is None:
        return Intent.STOP
    state_type, state_details, is_live = row
    details = state_details and from_json(state_details)
    intent = intent_of(state_type, details, is_live=bool(is_live))
    if is_live and intent is not Intent.STOP:
        cursor.execute(_EXTEND, (expires, execution_id))
    return intent


_READ_POOL: Final = (
    "SELECT is_paused, concurrency_limit,"
    " EXISTS (SELECT 1 FROM execution WHERE request_id = ?)"
    " FROM work_pool WHERE id = ? AND workspace_id = ?"
)
_READ_QUEUES: Final = (
    "SELECT id, priority, concurrency_limit FROM work_queue"
    " WHERE work_pool_id = ? AND NOT is_paused"
)
_COUNT_LIVE: Final = (
    "SELECT work_queue_id, count(*) FROM execution"
    " WHERE work_pool_id = ? AND ended_at IS NULL GROUP BY work_queue_id"
)
_IS_SKIPPED: Final = is_skipped(
    "dispatchable.flow_run_id", "dispatchable.deployment_id", now="?", late_before="?"
)
_PEEK: Final = (
    "SELECT run_priority, rank, flow_run_id FROM dispatchable"
    " INDEXED BY ix_dispatchable__work_queue_id_run_priority_rank"
    f" WHERE work_queue_id = ? AND {IN_LINE} AND due_at <= ? AND {_IS_SKIPPED} IS NOT TRUE"
    " ORDER BY run_priority, rank LIMIT ?"
)
_CLAIMED: Final = claimed_query(sqlite_fields)
_READ_CLAIMED: Final = (
    f"{_CLAIMED.text} WHERE e.request_id = ? AND e.work_pool_id = ? AND e.ended_at IS NULL"
    " ORDER BY q.priority, r.run_priority, r.expected_start_time, r.id"
)
_READ_NEWEST: Final = (
    "SELECT r.state_type, r.state_details, e.ended_at IS NULL FROM execution e"
    " JOIN flow_run r ON r.id = e.flow_run_id AND r.execution_id = e.id"
    " WHERE e.id = ? AND e.workspace_id = ?"
)
_EXTEND: Final = "UPDATE execution SET leased = 1, lease_expires_at = ? WHERE id = ?"
_NEXT_DUE: Final = (
    "SELECT min((SELECT min(d.due_at) FROM dispatchable d WHERE d.work_queue_id = q.id))"
    " FROM work_queue q JOIN work_pool p ON p.id = q.work_pool_id"
    " WHERE p.id IN (SELECT value FROM json_each(?)) AND NOT p.is_paused AND NOT q.is_paused"
)
