"""Forgetting history: whole days of it, the oldest first."""

import re
from datetime import date
from typing import Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.database import Database
from windlass_services.storage.partitions import default_partition_name, read_partitions

HistoryTable: TypeAlias = sa.Table
"""One of `PARTITIONED_BY_DAY`."""
_DAY: Final = re.compile(r"_(\d{4})(\d{2})(\d{2})$")
_PATIENCE: Final = "SET LOCAL lock_timeout = '2s'"
"""Dropping waits for who reads the table, and whoever comes after waits for the dropping."""


async def forget_days(database: Database, table: HistoryTable, before: date, *, limit: int) -> int:
    """Delete the days of a table of history before this one; returns how much was done.

    On PostgreSQL a day is a partition, and costs the same however much it holds; what was kept in
    none, and all of SQLite, is deleted up to `limit` rows at a time.
    """
    dropped = await _drop_partitions(database, table, before)
    async with database.write() as connection:
        name = table.name
        if connection.dialect.name == "postgresql":
            name = default_partition_name(table)
        return dropped + await _delete(connection, name, before, limit)


async def _drop_partitions(database: Database, table: HistoryTable, before: date) -> int:
    if database.dialect != "postgresql":
        return 0
    async with database.read() as connection:
        there = await read_partitions(connection, [table])
    over = [name for name in sorted(there) if (day := _day_of(name)) and day < before]
    for name in over:
        # One at a time: who has to wait for a lock gives back those that came before.
        async with database.write() as connection:
            await connection.exec_driver_sql(_PATIENCE)
            await connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    return len(over)


async def _delete(connection: AsyncConnection, name: str, before: date, limit: int) -> int:
    rows = sa.table(name, sa.column("day", sa.Date), sa.column("id", sa.Uuid))
    oldest = sa.select(rows.c.id).where(rows.c.day < before).order_by(rows.c.day).limit(limit)
    gone = await connection.execute(
        sa.delete(rows).where(rows.c.day < before, rows.c.id.in_(oldest))
    )
    return gone.rowcount


def _day_of(partition: str) -> date | None:
    found = _DAY.search(partition)
    return date(*map(int, found.groups())) if found else None
