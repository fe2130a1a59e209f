"""A PostgreSQL database like one that has run for ten days, made in half a minute.

95 % of the runs completed, 1 % is to come; most are of few flows; six of ten have no tags. Rows are
narrow: what a plan depends on is how many there are, and how their values are spread.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.support.environment import ASKED
from windlass_services.storage.partitions import ensure_partitions
from windlass_services.storage.schema import migrating, upgrade
from windlass_services.storage.scope import DEFAULT_WORKSPACE_ID

ROWS: Final = int(ASKED.get("WINDLASS_TEST_SCALE_ROWS", "1000000"))
"""With fewer the partitions of a day are small, and PostgreSQL may read them as it likes."""
BIG: Final = {"flow_run": ROWS, "task_run": ROWS, "log": ROWS, "event": ROWS}
"""What grows with the runs, and how many rows of each there are. No list reads past states."""
SMALL: Final = 20_000
"""Rows of a table that grows with what people write: deployments, variables, automations, ..."""
DAYS: Final = 10
"""Days since the oldest run."""

_AT_ONCE: Final = (
    ("task_run", "event"),
    ("flow_run", "log"),
)
"""Which big tables are filled one after the other, beside the others."""


async def fill(url: str, now: datetime, rows: Mapping[str, int] = BIG) -> None:
    """Migrate the empty database at `url`, and fill it. The same rows for the same `now`."""
    await upgrade(url)
    async with migrating(url) as connection:
        await ensure_partitions(connection, (now - timedelta(days=DAYS)).date(), ahead_days=DAYS)
    length = timedelta(days=DAYS)
    given: dict[str, Any] = {
        "workspace": DEFAULT_WORKSPACE_ID,
        "now": _milliseconds(now),
        "began": _milliseconds(now - length),
        "length": length // timedelta(milliseconds=1),
        "small": SMALL,
    }
    parts = _parts(given | dict(rows))
    # Nobody needs these rows after a crash, and the log of changes is half of the work.
    await _run(url, [_UNLOGGED])
    big = {name for of_one in _AT_ONCE for name in of_one}
    await _run(url, [sql for name, sql in parts.items() if name not in big])
    await asyncio.gather(*(_fill_big(url, {name: parts[name] for name in of}) for of in _AT_ONCE))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _parts(given: Mapping[str, Any]) -> dict[str, str]:
    """The statements of filling.sql by their titles."""
    text = Path(__file__).with_suffix(".sql").read_text("utf-8")
    found = re.findall(r"^-- (\w+)\n(.*?)(?=^-- \w+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return {title: sql.format(**given) for title, sql in found}


async def _fill_big(url: str, parts: Mapping[str, str]) -> None:
    """Insert without indexes, which come afterwards: it takes half the time. Nothing is counted."""
    for table, insert in parts.items():
        made = await _run(url, [_INDEXES.format(table=table)])
        drops = [f"DROP INDEX {name}" for name, _ in made]
        drops.append(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await _run(url, [*drops, insert, *(index for _, index in made), f"VACUUM ANALYZE {table}"])


async def _run(url: str, statements: list[str]) -> list[tuple[str, str]]:
    """Run the statements one by one; what the last one answers."""
    parts = urlsplit(url)
    connection: Any = await asyncpg.connect(urlunsplit(parts._replace(scheme="postgresql")))
    try:
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        for statement in statements[:-1]:
            await connection.execute(statement)
        return [tuple(row) for row in await connection.fetch(statements[-1])]
    finally:
        await connection.close()


# A table can be left out of the log when all that refer to it are: as often as one more can.
_UNLOGGED: Final = """
DO $$
DECLARE name text; changed boolean := true;
BEGIN
    WHILE changed LOOP
        changed := false;
        FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p'
            AND relnamespace = 'public'::regnamespace
        LOOP
            BEGIN
                EXECUTE format('ALTER TABLE %I SET UNLOGGED', name);
                changed := true;
            EXCEPTION WHEN invalid_table_definition THEN NULL;
            END;
        END LOOP;
    END LOOP;
END $$"""
_INDEXES: Final = (
    "SELECT i.indexrelid::regclass::text,"
    " replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i"
    " LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid"
    " WHERE i.indrelid = '{table}'::regclass AND k.oid IS NULL"
)
