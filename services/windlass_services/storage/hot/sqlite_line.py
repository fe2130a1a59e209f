"""Runs that come in line, are held back and let in again, on SQLite."""

import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from windlass.schemas.state_constructors import AWAITING_CONCURRENCY_SLOT
from windlass_services.storage.hot.line import (
    HELD_BACK_AT_ONCE,
    IN_LINE,
    IS_HELD_BACK,
    IS_NOT_DUE,
    LOOK_AGAIN,
    LOOKS_AT,
    OUT_OF_LINE,
    UNLIMITED,
    first_rank,
    first_rank_let_in,
    one_after_another,
)
from windlass_services.storage.tables import HELD_BACK, to_microseconds


def line_up(
    cursor: sqlite3.Cursor, work_queue_ids: Collection[UUID], due_before: datetime, now: datetime
) -> None:
    """See `HotOperations.line_up`."""
    due = to_microseconds(due_before)
    for queue in work_queue_ids:
        if cursor.execute(_ARRIVED, (queue.hex, due)).fetchone() is not None:
            cursor.execute(_LINE_UP, (to_microseconds(now), queue.hex, due))
            _look_again(cursor, queue, due, to_microseconds(now))


def hold_back(
    cursor: sqlite3.Cursor,
    work_queue_ids: Collection[UUID],
    deployment_id: UUID,
    until: datetime,
) -> None:
    """Take the runs of a deployment that has no slot out of line, at least `until` then unless a
    slot becomes free."""
    for queue in work_queue_ids:
        cursor.execute(_HOLD_BACK, (to_microseconds(until), queue.hex, deployment_id.hex))


def let_in(cursor: sqlite3.Cursor, deployment_id: UUID, now: int) -> bool:
    """The first run of the deployment that waits for a slot is due now. False if none waits."""
    first = cursor.execute(_FIRST_HELD_BACK, (deployment_id.hex,)).fetchone()
    if first is not None:
        cursor.execute(_LET_IN, (now, now, *first))
        cursor.execute(_SOONER, (now, *first, now))
    served = cursor.execute(_FIRST_SERVED, (deployment_id.hex, now)).fetchone()
    if served is not None:
        cursor.execute(_SOONER, (now, *served, now))
    return first is not None or served is not None


def _look_again(cursor: sqlite3.Cursor, queue: UUID, due: int, now: int) -> None:
    for deployment, free in cursor.execute(_HAVE_SLOTS, (queue.hex, due)).fetchall():
        for _ in range(free):
            if not let_in(cursor, UUID(deployment), now):
                break
    cursor.execute(_LATER, (now, queue.hex, due))


# Without statistics, which an embedded database has none of, any index of the queue is as good.
_FROM_ARRIVALS: Final = "FROM dispatchable INDEXED BY ix_dispatchable__arrivals"
_ARRIVED: Final = (
    f"SELECT 1 {_FROM_ARRIVALS} WHERE work_queue_id = ? AND due_at <= ? AND {OUT_OF_LINE} LIMIT 1"
)
_HAVE_SLOTS: Final = (
    "SELECT h.deployment_id, coalesce(d.concurrency_limit - (SELECT count(*) FROM execution e"
    f" WHERE e.deployment_id = h.deployment_id AND e.ended_at IS NULL), {UNLIMITED})"
    f" FROM (SELECT DISTINCT deployment_id {_FROM_ARRIVALS}"
    f" WHERE work_queue_id = ? AND due_at <= ? AND {IS_HELD_BACK}) h"
    " LEFT JOIN deployment d ON d.id = h.deployment_id"
)
_LOOK_AGAIN: Final = LOOK_AGAIN // timedelta(microseconds=1)
_LATER: Final = (
    f"UPDATE dispatchable SET due_at = ?1 + (1 + v.place / {LOOKS_AT}) * {_LOOK_AGAIN}"
    " FROM (SELECT flow_run_id, row_number() OVER"
    f" (PARTITION BY deployment_id ORDER BY run_priority, rank) - 1 AS place {_FROM_ARRIVALS}"
    f" WHERE work_queue_id = ?2 AND due_at <= ?3 AND {IS_HELD_BACK}) v"
    " WHERE dispatchable.flow_run_id = v.flow_run_id"
)
_COMING: Final = "flow_run_id, work_queue_id, deployment_id, run_priority"
_LINE_UP: Final = (
    f"WITH arrived AS (SELECT {_COMING}, due_at, ?1 AS rank {_FROM_ARRIVALS}"
    f" WHERE work_queue_id = ?2 AND due_at <= ?3 AND {IS_NOT_DUE}),"
    f" coming AS MATERIALIZED (SELECT v.*, {first_rank('v.', 'max')} AS place FROM arrived v)"
    " UPDATE dispatchable SET rank = v.rank FROM (SELECT flow_run_id,"
    f" {one_after_another('place', 'due_at, flow_run_id')} AS rank FROM coming) v"
    " WHERE dispatchable.flow_run_id = v.flow_run_id"
)
_HOLD_BACK: Final = (
    f"UPDATE dispatchable SET rank = rank + {HELD_BACK},"
    f" due_at = ?1 + v.place / {LOOKS_AT} * {_LOOK_AGAIN}"
    " FROM (SELECT flow_run_id, row_number() OVER (ORDER BY run_priority, rank) - 1 AS place"
    f" FROM dispatchable WHERE work_queue_id = ?2 AND deployment_id = ?3 AND {IN_LINE}"
    f" LIMIT {HELD_BACK_AT_ONCE}) v"
    " WHERE dispatchable.flow_run_id = v.flow_run_id"
)
_FIRST_HELD_BACK: Final = (
    f"SELECT flow_run_id FROM dispatchable WHERE deployment_id = ? AND {IS_HELD_BACK}"
    " ORDER BY run_priority, rank LIMIT 1"
)
_LET_IN: Final = (
    f"UPDATE dispatchable SET due_at = ?1, rank = {first_rank_let_in('v.', 'max')}"
    f" FROM (SELECT {_COMING}, ?2 AS rank FROM dispatchable WHERE flow_run_id = ?3) v"
    " WHERE dispatchable.flow_run_id = v.flow_run_id"
)
_FIRST_SERVED: Final = (
    "SELECT id FROM flow_run WHERE deployment_id = ? AND state_type = 'SCHEDULED'"
    f" AND state_name = '{AWAITING_CONCURRENCY_SLOT}' AND work_pool_id IS NULL"
    " AND next_scheduled_start_time > ? ORDER BY next_scheduled_start_time, id LIMIT 1"
)
_SOONER: Final = (
    "UPDATE flow_run SET next_scheduled_start_time = ? WHERE id = ?"
    " AND next_scheduled_start_time > ?"
)
