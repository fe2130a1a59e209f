"""Opening a database by its URL, its schema made or checked."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windlass.clock import Clock
from windlass.exceptions import BackendMissing
from windlass_services.storage.addresses import (
    PostgresAddress,
    SqliteAddress,
    parse_database_url,
)
from windlass_services.storage.database import Database
from windlass_services.storage.file_lock import FileLock
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.revisions import (
    SNAPSHOT,
    Standing,
    read_file_revision,
    read_revision,
    standing_of,
)
from windlass_services.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from windlass_services.storage.postgres import PostgresDatabase

PATIENCE: Final = timedelta(seconds=10)
"""How long a statement, or a wait for a connection, may take before the answer is `ServerBusy`."""


async def open_database(
    url: str,
    *,
    govern: Govern,
    clock: Clock,
    create: bool = True,
    patience: timedelta = PATIENCE,
    connecting: timedelta = PATIENCE,
) -> Database:
    """Open the database at `sqlite+aiosqlite:///path` or `postgresql+asyncpg://...`.

    With `create` a missing schema is made and an old one migrated; of several replicas that start
    together, one does it. `patience` is for a statement, `connecting` for a connection to a server
    and for a free one. Raises `SettingInvalid` for another URL, `DatabaseTooNew`,
    `BackendMissing` for a missing driver or (without `create`) schema, `ReplicaRefused` for an
    SQLite file that another process has open, `ServerBusy` for a server that does not answer.
    """
    address = parse_database_url(url)
    if isinstance(address, SqliteAddress):
        return await _open_sqlite(address.path, govern, clock, create=create, patience=patience)
    try:
        from windlass_services.storage.postgres import (  # noqa: PLC0415 (its driver is an extra)
            PostgresDatabase,
        )
    except ModuleNotFoundError as missing:
        raise BackendMissing(
            f"PostgreSQL needs the package {missing.name}: install windlass[postgres]."
        ) from missing
    database = PostgresDatabase(
        address, govern=govern, clock=clock, patience=patience, connecting=connecting
    )
    return await _opened(database, url, address, create=create)


async def _open_sqlite(
    path: Path, govern: Govern, clock: Clock, *, create: bool, patience: timedelta
) -> Database:
    lock = _lock(path, create=create)
    try:
        match standing_of(await asyncio.to_thread(read_file_revision, path)):
            case Standing.READY:
                pass
            case standing if not create:
                raise BackendMissing(f"The schema of {path} is {standing}. {_UPGRADE}")
            case Standing.EMPTY:
                await asyncio.to_thread(_make_from_snapshot, path)
            case Standing.BEHIND:
                await _migrate_file(path)
        return SqliteDatabase(path, lock, govern=govern, clock=clock, patience=patience)
    except BaseException:
        lock.release()
        raise


async def _opened(
    database: "PostgresDatabase", url: str, address: PostgresAddress, *, create: bool
) -> Database:
    try:
        await database.open()
        async with database.read() as connection:
            standing = standing_of(await read_revision(connection))
        if standing is not Standing.READY:
            if not create:
                raise BackendMissing(f"The schema of {address.shown} is {standing}. {_UPGRADE}")
            await _migrate(url)
    except BaseException:
        await database.close()
        raise
    return database


_UPGRADE: Final = "Run `windlass server database upgrade` first."


def _lock(path: Path, *, create: bool) -> FileLock:
    if not create and not path.exists():
        raise BackendMissing(f"There is no SQLite database {path}. {_UPGRADE}")
    lock = FileLock(path)
    lock.acquire()
    return lock


def _make_from_snapshot(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"BEGIN IMMEDIATE;\n{SNAPSHOT.read_text()}\nCOMMIT;")


async def _migrate(url: str) -> None:
    # Alembic costs a server that needs no migration a good part of its start.
    from windlass_services.storage.schema import upgrade  # noqa: PLC0415

    await upgrade(url)


async def _migrate_file(path: Path) -> None:
    from windlass_services.storage.schema import (  # noqa: PLC0415
        migrating_file,
        upgrade_connection,
    )

    async with migrating_file(path) as connection:
        await upgrade_connection(connection)
