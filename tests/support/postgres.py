"""Databases on the test suite's PostgreSQL: made in milliseconds, as copies of a template."""

import asyncio
import itertools
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.support.servers import SERVERS
from windlass_services.storage.schema import upgrade

COPYING_FILES: Final = 15
"""The first PostgreSQL that can copy files where it would log every page of the copy."""


def create_database(server: str, name: str, *, template: str = "template0") -> str:
    """Make database `name` on the server at `server` (a URL of any of its databases).

    Returns its URL in the form that WINDLASS_SERVER_DATABASE_CONNECTION_URL takes. `template` is
    the name of a database that nobody is connected to.
    """

    def statement(version: int) -> str:
        strategy = "STRATEGY file_copy" if version >= COPYING_FILES else ""
        return f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy}'

    _run(server, statement)
    return urlunsplit(urlsplit(server)._replace(scheme="postgresql+asyncpg", path=f"/{name}"))


def drop_database(server: str, name: str) -> None:
    """Remove database `name`, ending whoever is still connected to it."""
    run_statement(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The URL of the administration database of a PostgreSQL where tests may make databases."""
    return pytestconfig.stash[SERVERS].address("postgres")


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
    """A migrated PostgreSQL database of the test's own."""
    name = next(database_names)
    yield create_database(postgres_server, name, template=migrated_template)
    drop_database(postgres_server, name)


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
    _run(url, lambda _: statement)


def _run(url: str, statement: Callable[[int], str]) -> None:
    """Run the statement for the server's version."""

    async def execute() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            await connection.execute(statement(connection.get_server_version().major))
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(execute())).result()
