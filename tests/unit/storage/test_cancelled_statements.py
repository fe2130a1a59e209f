"""Somebody who goes away in the middle of a statement leaves nothing behind that waits."""

import asyncio
from pathlib import Path

import anyio
import anyio.lowlevel

from tests.conformance.storage.govern import plain_govern
from tests.support.waiting import await_until
from windlass.clock import utc_now
from windlass_services.storage.database import Database
from windlass_services.storage.open import open_database


async def test_no_task_outlives_a_statement_that_was_cancelled(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'windlass.db'}"
    database = await open_database(url, govern=plain_govern, clock=utc_now, create=True)
    before = asyncio.all_tasks()
    for steps in range(40):
        await _read_and_go_away(database, steps)
    await database.close()

    async def is_over() -> bool:
        return asyncio.all_tasks() <= before

    await await_until(is_over, timeout=5, description="the end of every task")


async def _read_and_go_away(database: Database, steps: int) -> None:
    """Be cancelled after so many steps of the loop."""

    async def read() -> None:
        async with database.read() as connection:
            await connection.exec_driver_sql(_LONG)

    async with anyio.create_task_group() as reading:
        reading.start_soon(read)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(0.0005 * steps)
        reading.cancel_scope.cancel()


_LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    " SELECT count(*) FROM n"
)
