"""Runs that come in line, are held back and let in again, on PostgreSQL.

Rows that somebody else holds are passed over, never waited for.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
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
    UNLIMITED,
    first_rank,
    first_rank_let_in,
    one_after_another,
)
from windlass_services.storage.hot.postgres_pool import Connection
from windlass_services.storage.tables import HELD_BACK, to_microseconds


async def line_up(
    connection: Connection, work_queue_ids: Collection[UUID], due_before: datetime, now: datetime
) -> None:
    """See `HotOperations.line_up`. In a transaction of its own: it locks rows out of order."""
    queues = list(work_queue_ids)
    await connection.fetch(_LINE_UP, queues, due_before, to_microseconds(now))
    looked_at = await connection.fetch(_LOOK_AGAIN, queues, due_before, now, LOOK_AGAIN)
    slots = {deployment: free for deployment, free in looked_at if free > 0}
    if slots:
        await let_in(connection, slots, now)


async def lock_deployments(connection: Connection, ids: Collection[UUID]) -> None:
    """Lock deployments, so that no slot of theirs is taken, and so that what is held back is seen
    by whoever gives one back: that transaction is over, or lets runs in after this one."""
    await connection.fetch(_LOCK_DEPLOYMENTS, list(ids), _keys(ids))


async def hold_back(
    connection: Connection,
    work_queue_ids: Collection[UUID],
    until: Mapping[UUID, datetime],
) -> None:
    """Take the runs of deployments that have no slot out of line, at least `until` then unless a
    slot becomes free."""
    deployments, moments = list(until), list(until.values())
    await connection.fetch(_HOLD_BACK, list(work_queue_ids), deployments, moments, LOOK_AGAIN)


async def let_in(connection: Connection, slots: Mapping[UUID, int], now: datetime) -> None:
    """So many runs of each deployment that wait for a slot are due now, the first ones first."""
    await connection.fetch(_SHARE_DEPLOYMENTS, _keys(slots))
    await connection.fetch(_LET_IN, list(slots), list(slots.values()), now, to_microseconds(now))


def _keys(deployment_ids: Collection[UUID]) -> list[int]:
    """In one order everywhere: nobody waits in a circle."""
    return sorted(int.from_bytes(id.bytes[-8:], signed=True) for id in deployment_ids)


_COMING: Final = "flow_run_id, work_queue_id, deployment_id, run_priority"
_LINE_UP: Final = (
    f"WITH arrived AS (SELECT {_COMING}, due_at, rank FROM dispatchable"
    f" WHERE work_queue_id = ANY($1::UUID[]) AND due_at <= $2 AND {IS_NOT_DUE}"
    " FOR NO KEY UPDATE SKIP LOCKED),"
    # Places are found before any is written: what is in line is not looked for among these.
    f" coming AS MATERIALIZED (SELECT v.*, {first_rank('v.', 'greatest')} AS place"
    f" FROM (SELECT {_COMING}, due_at, $3::BIGINT AS rank FROM arrived) v),"
    f" ranked AS (SELECT flow_run_id, {one_after_another('place', 'due_at, flow_run_id')} AS rank"
    " FROM coming)"
    " UPDATE dispatchable d SET rank = v.rank FROM ranked v WHERE d.flow_run_id = v.flow_run_id"
)
_LOOK_AGAIN: Final = (
    "WITH held_back AS (SELECT flow_run_id, deployment_id, run_priority, rank FROM dispatchable"
    f" WHERE work_queue_id = ANY($1::UUID[]) AND due_at <= $2 AND {IS_HELD_BACK}"
    " FOR NO KEY UPDATE SKIP LOCKED),"
    " v AS (SELECT flow_run_id, row_number() OVER"
    " (PARTITION BY deployment_id ORDER BY run_priority, rank) - 1 AS place FROM held_back),"
    " later AS (UPDATE dispatchable d"
    f" SET due_at = $3::TIMESTAMPTZ + (1 + v.place / {LOOKS_AT}) * $4::INTERVAL"
    " FROM v WHERE d.flow_run_id = v.flow_run_id)"
    " SELECT h.deployment_id, coalesce(d.concurrency_limit - (SELECT count(*) FROM execution e"
    f" WHERE e.deployment_id = h.deployment_id AND e.ended_at IS NULL), {UNLIMITED})"
    " FROM (SELECT DISTINCT deployment_id FROM held_back) h"
    " LEFT JOIN deployment d ON d.id = h.deployment_id"
)
_LOCK_DEPLOYMENTS: Final = (
    "WITH locked AS MATERIALIZED (SELECT id FROM deployment WHERE id = ANY($1::UUID[])"
    " ORDER BY id FOR NO KEY UPDATE)"
    # All the rows come before the first key: nobody who has a row waits for one with a key.
    " SELECT pg_advisory_xact_lock(k.key) FROM unnest($2::BIGINT[]) AS k(key)"
    " WHERE (SELECT count(*) FROM locked) >= 0"
)
_SHARE_DEPLOYMENTS: Final = (
    "SELECT pg_advisory_xact_lock_shared(k.key) FROM unnest($1::BIGINT[]) AS k(key)"
)
_HOLD_BACK: Final = (
    "WITH line AS (SELECT d.flow_run_id, d.run_priority, d.rank, f.id, f.until"
    " FROM unnest($2::UUID[], $3::TIMESTAMPTZ[]) AS f(id, until)"
    " JOIN dispatchable d ON d.deployment_id = f.id"
    f" WHERE d.work_queue_id = ANY($1::UUID[]) AND d.{IN_LINE}"
    f" LIMIT {HELD_BACK_AT_ONCE} FOR NO KEY UPDATE OF d SKIP LOCKED),"
    " v AS (SELECT line.*, row_number() OVER (PARTITION BY id ORDER BY run_priority, rank) - 1"
    " AS place FROM line)"
    f" UPDATE dispatchable d SET rank = d.rank + {HELD_BACK},"
    f" due_at = v.until + v.place / {LOOKS_AT} * $4::INTERVAL"
    " FROM v WHERE d.flow_run_id = v.flow_run_id"
)
_LET_IN: Final = (
    "WITH freed AS (SELECT * FROM unnest($1::UUID[], $2::INT[]) AS f(id, slots)),"
    f" waiting AS (SELECT w.* FROM freed f CROSS JOIN LATERAL (SELECT d.* FROM dispatchable d"
    f" JOIN flow_run r ON r.id = d.flow_run_id WHERE d.deployment_id = f.id AND {IS_HELD_BACK}"
    " ORDER BY d.run_priority, d.rank LIMIT f.slots FOR NO KEY UPDATE OF d, r SKIP LOCKED) w),"
    " served AS (SELECT w.id FROM freed f CROSS JOIN LATERAL (SELECT id FROM flow_run"
    f" WHERE deployment_id = f.id AND state_type = 'SCHEDULED'"
    f" AND state_name = '{AWAITING_CONCURRENCY_SLOT}' AND work_pool_id IS NULL"
    " AND next_scheduled_start_time > $3 ORDER BY next_scheduled_start_time, id"
    " LIMIT f.slots FOR NO KEY UPDATE SKIP LOCKED) w),"
    " sooner AS (UPDATE flow_run r SET next_scheduled_start_time = $3"
    " FROM (SELECT flow_run_id AS id FROM waiting UNION ALL SELECT id FROM served) w"
    " WHERE r.id = w.id AND r.next_scheduled_start_time > $3),"
    f" coming AS MATERIALIZED (SELECT v.*, {first_rank_let_in('v.', 'greatest')} AS place"
    f" FROM (SELECT {_COMING}, rank AS held_back, $4::BIGINT AS rank FROM waiting) v),"
    f" ranked AS (SELECT flow_run_id, {one_after_another('place', 'held_back')} AS rank"
    " FROM coming)"
    " UPDATE dispatchable d SET due_at = $3, rank = v.rank FROM ranked v"
    " WHERE d.flow_run_id = v.flow_run_id"
)
