"""The daily partitions of history on PostgreSQL."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import PARTITIONED_BY_DAY

DAYS_AHEAD: Final = 7
_LOCK: Final = 0x57696E64_00000002
"""Of `pg_advisory_xact_lock`: two services must not make the same partition."""


async def ensure_partitions(
    connection: AsyncConnection, today: date, ahead_days: int = DAYS_AHEAD
) -> list[str]:
    """Make what is missing of the partitions from yesterday to `ahead_days` after today.

    Returns their names; none on SQLite. Rows that the default partition caught for want of a
    partition move into the new one.
    """
    if connection.dialect.name != "postgresql":
        return []
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    days = [today + timedelta(days=offset) for offset in range(-1, ahead_days + 1)]
    wanted = {
        partition_name(table, day): (table, day) for table in PARTITIONED_BY_DAY for day in days
    }
    there = await read_partitions(connection, PARTITIONED_BY_DAY)
    missing = [name for name in wanted if name not in there]
    for name in missing:
        table, day = wanted[name]
        for statement in _statements(table.name, name, day):
            await connection.exec_driver_sql(statement)
    return missing


async def read_partitions(connection: AsyncConnection, tables: Sequence[sa.Table]) -> set[str]:
    """The names of the partitions that these tables have on PostgreSQL."""
    found = await connection.execute(
        sa.text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = ANY(CAST(:parents AS regclass[]))"
        ),
        {"parents": [table.name for table in tables]},
    )
    return set(found.scalars())


def partition_name(table: sa.Table, day: date) -> str:
    """`event_20260131`."""
    return f"{table.name}_{day:%Y%m%d}"


def default_partition_name(table: sa.Table) -> str:
    """Of the partition for rows of days that have none."""
    return f"{table.name}_default"


def _statements(table: str, name: str, day: date) -> Sequence[str]:
    # Attaching waits for no reader or writer of the table, where PARTITION OF would.
    return (
        f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)",
        f"WITH moved AS (DELETE FROM {table}_default WHERE day = '{day}' RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE {table} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')",
    )
