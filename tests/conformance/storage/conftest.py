"""The database under test: every test here runs on each dialect unless it names one."""

import asyncio
import re
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import SteppedClock, World
from tests.support.postgres import create_database, drop_database
from windlass_services.storage.database import Database
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.open import open_database
from windlass_services.storage.schema import migrating


@pytest.fixture(scope="session")
def migrated_template(
    postgres_server: str, migrated_template: str, database_names: Iterator[str]
) -> Generator[str]:
    """As everywhere, without the partitions of days: the default ones hold what tests write."""
    name = next(database_names)
    asyncio.run(_unite_days(create_database(postgres_server, name, template=migrated_template)))
    yield name
    drop_database(postgres_server, name)


async def _unite_days(url: str) -> None:
    async with migrating(url) as connection:
        tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        for name in tables:
            if re.search(r"_\d{8}$", name):
                await connection.execute(sa.text(f"DROP TABLE {name}"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'windlass.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def govern() -> Govern:
    """Who decides transitions; a module that wants the rules of a server overrides this."""
    return plain_govern


@pytest.fixture
async def database(
    database_url: str, clock: SteppedClock, govern: Govern
) -> AsyncGenerator[Database]:
    database = await open_database(database_url, govern=govern, clock=clock)
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database, clock: SteppedClock) -> World:
    world = World(database, clock)
    await world.flow()
    return world
