"""The orchestrator under test: what asks for a `plant` runs on each dialect."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import pytest

from tests.unit.orchestration.model import TERMS
from tests.unit.orchestration.plant import Plant
from windlass.clock import utc_now
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.orchestration.policy import make_govern
from windlass_services.storage.open import open_database


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
