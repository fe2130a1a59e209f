"""Rows by the hundred thousand: SQL copies of a row that the API made, the same on both sides.

In `changed`, `n` is the number of the copy, from 1, and `original` the row that is copied.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from benchmarks.sides import Side

RUN_ID: Final = "md5('run' || n)::uuid"
STATE_ID: Final = "md5('state' || n)::uuid"


@dataclass(frozen=True, slots=True)
class Copies:
    """Which row of a table is copied (`$1` is an id), and what differs between its copies."""

    table: str
    original: str
    changed: Mapping[str, str] = field(default_factory=dict[str, str])


RUNS: Final = Copies(
    "flow_run",
    "original.id = $1::uuid",
    {
        "id": RUN_ID,
        "state_id": STATE_ID,
        "name": "'run-' || substr(md5(n::text), 1, 12)",
        "idempotency_key": "n::text",
    },
)
STATES: Final = Copies(
    "flow_run_state",
    "original.id = (SELECT state_id FROM flow_run WHERE id = $1::uuid)",
    {"id": STATE_ID, "flow_run_id": RUN_ID},
)


@asynccontextmanager
async def filling(side: Side, postgres: str) -> AsyncGenerator[Any]:
    """A connection to fill the database of a side; planned anew afterwards."""
    async with connected(postgres) as database:
        await database.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        if side.module != "windlass":
            # Rows refer to each other in a circle there: copies need the checks off.
            await database.execute("SET session_replication_role = replica")
        yield database
        await database.execute("VACUUM ANALYZE")


@asynccontextmanager
async def connected(postgres: str) -> AsyncGenerator[Any]:
    """A connection to the database at that URL."""
    database: Any = await asyncpg.connect(postgres.replace("+asyncpg", ""))
    try:
        yield database
    finally:
        await database.close()


async def copy(
    database: Any, copies: Copies, id: str, count: int, *, first: int = 0, **changed: str
) -> None:
    """Make the copies number `first` + 1 to `first` + `count`: for the columns that there are."""
    found = await database.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''",
        copies.table,
    )
    names = [name for (name,) in found]
    differs = {**copies.changed, **changed}
    values = ", ".join(differs.get(name, f"original.{name}") for name in names)
    await database.execute(
        f"INSERT INTO {copies.table} ({', '.join(names)}) SELECT {values}"
        f" FROM {copies.table} original, generate_series($2::bigint + 1, $2::bigint + $3::bigint) n"
        f" WHERE {copies.original}",
        id,
        first,
        count,
    )


@asynccontextmanager
async def without_indexes(database: Any, table: str) -> AsyncGenerator[None]:
    """Fill the table in the block, and build its indexes afterwards: it takes half the time."""
    indexes = await database.fetch(_INDEXES, table)
    for name, _ in indexes:
        await database.execute(f"DROP INDEX {name}")
    yield
    for _, made in indexes:
        await database.execute(made)


_INDEXES: Final = (
    "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
    " LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid"
    " WHERE i.indrelid = $1::text::regclass AND k.oid IS NULL"
)
