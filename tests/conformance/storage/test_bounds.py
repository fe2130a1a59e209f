"""A question that takes too long is ended, and its answer says what to do."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import NOON, SteppedClock, World
from tests.scale.questions import LISTINGS, unfiltered
from windlass.exceptions import QueryTooBroad
from windlass_services.storage import tables
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.database import Database
from windlass_services.storage.open import open_database

ENDLESS = sa.text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x % 9 + 1 FROM n) SELECT count(*) FROM n"
).execution_options(**BOUNDED)


@pytest.fixture
async def impatient(database_url: str, clock: SteppedClock) -> AsyncGenerator[Database]:
    """A database that gives a question a fifth of a second."""
    patience = timedelta(seconds=0.2)
    database = await open_database(
        database_url, govern=plain_govern, clock=clock, patience=patience
    )
    yield database
    await database.close()


async def test_a_question_without_end_is_ended(impatient: Database) -> None:
    async with impatient.read() as connection:
        with pytest.raises(QueryTooBroad, match=r"within 0\.2 seconds\. Ask for less") as refused:
            await connection.execute(ENDLESS)
    # Clients repeat what a server is too busy for; this would take as long again.
    assert refused.value.status == 400


async def test_its_connection_answers_the_next_question(impatient: Database) -> None:
    for _ in range(12):
        async with impatient.read() as connection:
            with pytest.raises(QueryTooBroad):
                await connection.execute(ENDLESS)
    async with impatient.read() as connection:
        assert await connection.scalar(sa.text("SELECT 1").execution_options(**BOUNDED)) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_the_server_limits_every_statement(impatient: Database) -> None:
    asked = sa.text("SHOW statement_timeout")
    async with impatient.read() as connection:
        assert await connection.scalar(asked) == "200ms"
    async with impatient.write() as connection:
        assert await connection.scalar(asked) == "200ms"
        with pytest.raises(DBAPIError):
            await connection.execute(ENDLESS.execution_options(windlass_bounded=False))
        # What failed is over for PostgreSQL: nothing of this block can be kept.
        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            await connection.scalar(asked)


@pytest.mark.parametrize("listing", LISTINGS)
async def test_every_list_and_count_has_an_end(world: World, listing: str) -> None:
    pool: dict[str, Any] = {
        "id": world.flow_id,
        "name": "pool-3",
        "type": "process",
        "base_job_template": {},
        "storage_configuration": {},
        "status": "READY",
    }
    await world.insert(tables.work_pool, pool)
    asked: list[bool] = []

    def note(_c: Any, _k: Any, _s: str, _v: Any, context: Any, _m: bool) -> None:
        asked.append(BOUNDED.items() <= context.execution_options.items())

    for question in unfiltered(listing, LISTINGS[listing], NOON):
        async with world.database.read() as connection:
            listening = connection.sync_connection
            assert listening is not None
            event.listen(listening, "before_cursor_execute", note)
            await question.ask(connection)
            event.remove(listening, "before_cursor_execute", note)
        assert any(asked), question
        asked.clear()
