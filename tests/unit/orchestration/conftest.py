"""The orchestrator under test: what asks for a `plant` runs on each dialect."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.postgres import create_database, drop_database
from tests.unit.orchestration.model import TERMS
from tests.unit.orchestration.plant import Plant
from windlass.clock import utc_now
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.orchestration.policy import make_govern
from windlass_services.storage.open import open_database
from windlass_services.storage.schema import upgrade


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str, database_names: Iterator[str]) -> Generator[str]:
    """The name of a migrated PostgreSQL database to copy: migrating takes much longer."""
    name = next(database_names)
    asyncio.run(upgrade(create_database(postgres_server, name)))
    yield name
    drop_database(postgres_server, name)


@pytest.fixture
def postgres_url(
    postgres_server: str, migrated_template: str, database_names: Iterator[str]
) -> Generator[str]:
    name = next(database_names)
    yield create_database(postgres_server, name, template=migrated_template)
    drop_database(postgres_server, name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'windlass.db'}"


@pytest.fixture(params=["sqlite_url", "postgres_url"], ids=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def plant(database_url: str) -> AsyncGenerator[Plant]:
    database = await open_database(database_url, govern=make_govern(TERMS), clock=utc_now)
    woken: list[UUID] = []

    async def wake(work_pool_id: UUID) -> None:
        woken.append(work_pool_id)

    orchestrator = Orchestrator(database, clock=utc_now, terms=TERMS, wake=wake)
    yield Plant(database, orchestrator, woken)
    await database.close()
