"""The bare loop writes what a lifecycle writes, no less."""

from typing import Any
from uuid import UUID

import pytest

from benchmarks import bare_loop, copies, storage_hot
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.open import open_database

TABLES = ("flow_run", "flow_run_state", "execution", "outbox")


async def rows(connection: Any, flow_id: UUID) -> dict[str, list[list[str]]]:
    """The columns that are filled, of each row of the one run of a flow: in each table."""
    of_run = "(SELECT id::text FROM flow_run WHERE flow_id = $1)"
    which = {
        "flow_run": "flow_id = $1",
        "outbox": f"body ->> 'flow_run_id' = {of_run}",
    }
    found: dict[str, list[list[str]]] = {}
    for table in TABLES:
        where = which.get(table, f"flow_run_id::text = {of_run}")
        kept = await connection.fetch(f"SELECT * FROM {table} WHERE {where}", flow_id)
        found[table] = sorted(
            sorted(name for name, value in row.items() if value is not None) for row in kept
        )
    return found


async def test_it_fills_the_rows_that_a_lifecycle_fills(fresh_postgres_url: str) -> None:
    database = await open_database(fresh_postgres_url, govern=make_govern(Terms()), clock=utc_now)
    real, bare = uuid7(), uuid7()
    try:
        await storage_hot.live(database, real)
        async with copies.connected(fresh_postgres_url) as connection:
            await bare_loop.lifecycle(connection, bare)
            assert await rows(connection, bare) == await rows(connection, real)
            states = "SELECT state_name, run_count FROM flow_run WHERE flow_id = $1"
            assert await connection.fetch(states, bare) == await connection.fetch(states, real)
            count = "SELECT sum(runs) FROM run_count WHERE runs_of = 'flow_run'"
            assert await connection.fetchval(count) == 2
    finally:
        await database.close()


async def test_its_rate_counts_whole_lifecycles(fresh_postgres_url: str) -> None:
    database = await open_database(fresh_postgres_url, govern=make_govern(Terms()), clock=utc_now)
    await database.close()
    rate = await bare_loop.measure(fresh_postgres_url, connections=2, seconds=0.2)
    async with copies.connected(fresh_postgres_url) as connection:
        kept = await connection.fetchval(
            "SELECT count(*) FROM flow_run WHERE state_type = 'COMPLETED'"
        )
        assert await connection.fetchval("SELECT count(*) FROM flow_run") == kept
    assert 0 < rate <= kept / 0.2


@pytest.mark.parametrize("count", [1, 7])
async def test_copies_are_rows_of_their_own(fresh_postgres_url: str, count: int) -> None:
    database = await open_database(fresh_postgres_url, govern=make_govern(Terms()), clock=utc_now)
    await database.close()
    async with copies.connected(fresh_postgres_url) as connection:
        run = str(await bare_loop.lifecycle(connection, uuid7()))
        await copies.copy(connection, copies.RUNS, run, count)
        async with copies.without_indexes(connection, "flow_run_state"):
            await copies.copy(connection, copies.STATES, run, count)
        owned = "SELECT count(*) FROM flow_run r JOIN flow_run_state s ON s.id = r.state_id"
        assert await connection.fetchval(f"{owned} AND s.flow_run_id = r.id") == 1 + count
        names = "SELECT count(DISTINCT name) FROM flow_run"
        assert await connection.fetchval(names) == 1 + count
