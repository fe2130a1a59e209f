"""Heartbeats of workers that are known, on PostgreSQL: one statement for all of a moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from windlass_services.storage.hot.postgres_pool import PostgresPool, until_won
from windlass_services.storage.json_text import text_without_nul
from windlass_services.storage.scope import Scope
from windlass_services.storage.workers import Heard


async def hear(
    pool: PostgresPool, scope: Scope, heard: Sequence[Heard], now: datetime
) -> list[bool]:
    """See `HotOperations.hear`."""
    said = {_named(one): one.heartbeat.heartbeat_interval_seconds for one in heard}

    async def attempt() -> set[tuple[str, str]]:
        async with pool.statements() as connection:
            rows = await connection.fetch(
                _RENEW,
                scope.workspace_id,
                now,
                [pool_name for pool_name, _ in said],
                [name for _, name in said],
                list(said.values()),
            )
        return {(pool_name, name) for pool_name, name in rows}

    renewed = await until_won(attempt)
    return [_named(one) in renewed for one in heard]


def _named(one: Heard) -> tuple[str, str]:
    return text_without_nul(one.work_pool_name), text_without_nul(one.heartbeat.name)


# Workers are locked in one order: two batches must not wait for each other in a circle.
_RENEW: Final = (
    "WITH known AS (SELECT w.id, w.name, p.name AS pool_name, v.interval"
    " FROM unnest($3::TEXT[], $4::TEXT[], $5::INTEGER[]) AS v(pool_name, name, interval)"
    " JOIN work_pool p ON p.workspace_id = $1 AND p.name = v.pool_name"
    "  AND p.status <> 'NOT_READY'"
    " JOIN worker w ON w.work_pool_id = p.id AND w.name = v.name"
    " ORDER BY w.id FOR NO KEY UPDATE OF w),"
    " renewed AS (UPDATE worker w SET status = 'ONLINE', last_heartbeat_time = $2, updated = $2,"
    " heartbeat_interval_seconds = k.interval FROM known k WHERE w.id = k.id)"
    " SELECT pool_name, name FROM known"
)
