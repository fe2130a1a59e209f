"""Databases on the test suite's PostgreSQL: made in milliseconds, as copies of a template."""

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.support.servers import SERVERS


def create_database(server: str, name: str, *, template: str = "template0") -> str:
    """Make database `name` on the server at `server` (a URL of any of its databases).

    Returns its URL in the form that WINDLASS_SERVER_DATABASE_CONNECTION_URL takes. `template` is
    the name of a database that nobody is connected to.
    """
    run_statement(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(urlsplit(server)._replace(scheme="postgresql+asyncpg", path=f"/{name}"))


def drop_database(server: str, name: str) -> None:
    """Remove database `name`, ending whoever is still connected to it."""
    run_statement(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The URL of the administration database of a PostgreSQL where tests may make databases."""
    return pytestconfig.stash[SERVERS].address("postgres")


@pytest.fixture
def fresh_postgres_url(postgres_server: str, database_names: Iterator[str]) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own, removed after it."""
    name = next(database_names)
    yield create_database(postgres_server, name)
    drop_database(postgres_server, name)


@pytest.fixture(scope="session")
def database_names(testrun_uid: str, worker_id: str) -> Iterator[str]:
    """Names that no other worker and no other test run uses."""
    return (f"windlass_{testrun_uid[:8]}_{worker_id}_{number}" for number in itertools.count())


def run_statement(url: str, statement: str) -> None:
    """Run one statement on the database at `url`; also where an event loop is running."""

    async def execute() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(execute())).result()
