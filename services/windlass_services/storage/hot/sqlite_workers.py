"""Heartbeats of workers that are known, on SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import to_microseconds
from windlass_services.storage.workers import Heard


def hear(cursor: sqlite3.Cursor, scope: Scope, heard: Sequence[Heard], now: datetime) -> list[bool]:
    """See `HotOperations.hear`."""
    return [_renew(cursor, scope, one, now) for one in heard]


def _renew(cursor: sqlite3.Cursor, scope: Scope, one: Heard, now: datetime) -> bool:
    said = {
        "workspace_id": scope.workspace_id.hex,
        "work_pool_name": one.work_pool_name,
        "name": one.heartbeat.name,
        "interval": one.heartbeat.heartbeat_interval_seconds,
        "now": to_microseconds(now),
    }
    return bool(cursor.execute(_RENEW, said).rowcount)


_RENEW: Final = (
    "UPDATE worker SET status = 'ONLINE', last_heartbeat_time = :now, updated = :now,"
    " heartbeat_interval_seconds = :interval WHERE name = :name AND work_pool_id ="
    " (SELECT id FROM work_pool WHERE workspace_id = :workspace_id AND name = :work_pool_name"
    " AND status <> 'NOT_READY')"
)
