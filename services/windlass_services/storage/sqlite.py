"""The SQLite database: one writer at a time, readers that never wait for it."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import anyio
import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from windlass.clock import Clock
from windlass.exceptions import ServerBusy
from windlass_services.storage.bounds import bound_sqlite
from windlass_services.storage.database import Dialect
from windlass_services.storage.file_lock import FileLock
from windlass_services.storage.hot.protocol import Govern, HotOperations
from windlass_services.storage.hot.sqlite import SqliteHotOperations
from windlass_services.storage.hot.sqlite_writer import PRAGMAS, SqliteWriter, busy_or
from windlass_services.storage.json_text import json_text

READERS: Final = 4
"""Connections for reading. Each has a thread of its own while it is in use."""


class SqliteDatabase:
    """See `Database`. Holds `lock` until it is closed."""

    dialect: Dialect = "sqlite"
    hot: HotOperations

    def __init__(
        self, path: Path, lock: FileLock, *, govern: Govern, clock: Clock, patience: timedelta
    ) -> None:
        self._lock = lock
        self._patience = patience.total_seconds()
        self._one_writer = asyncio.Lock()
        self._reading = sqlite_engine(
            path, begin="BEGIN", pragmas=(*PRAGMAS, "PRAGMA query_only = ON"), connections=READERS
        )
        bound_sqlite(self._reading, patience)
        self._writing = sqlite_engine(path, begin="BEGIN IMMEDIATE", connections=1)
        self._writer = SqliteWriter(path, self._one_writer, patience)
        self.hot = SqliteHotOperations(self._writer, govern, clock)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        async with _busy_when_out_of_order(), _connected(self._reading) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """As in `Database`; a hot operation inside the block would wait for the block itself."""
        try:
            async with asyncio.timeout(self._patience):
                await self._one_writer.acquire()
        except TimeoutError:
            raise ServerBusy("Another change has held the database for too long.") from None
        try:
            async with _busy_when_out_of_order(), _connected(self._writing) as connection:
                yield connection
                with anyio.CancelScope(shield=True):
                    await connection.commit()
        finally:
            self._one_writer.release()

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(self._patience), self.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except TimeoutError:
            raise ServerBusy("The database does not answer.") from None

    async def close(self) -> None:
        await self._writer.close()
        await self._reading.dispose()
        await self._writing.dispose()
        self._lock.release()


def sqlite_engine(
    path: Path, *, begin: str, connections: int, pragmas: Sequence[str] = PRAGMAS
) -> AsyncEngine:
    """An engine whose every transaction starts with `begin`, schema changes included."""
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=str(path)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        json_serializer=json_text,
        json_deserializer=from_json,
    )

    def prepare(connection: Any, _record: object) -> None:
        # The driver would start transactions itself, but not before reads and schema changes.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", start)
    dialect: Any = engine.sync_engine.dialect
    dialect.do_terminate = _stop
    return engine


def _stop(connection: Any) -> None:
    """Give up a connection whose statement was cancelled: its thread ends after that statement.

    The dialect asks it to close and, cancelled again while it waits, to stop as well. The thread
    obeys the first of the two, and a task waits for ever for the answer to the other.
    """
    connection.driver_connection.stop()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection that is made, and given back, to the end.

    Either is a few messages to the thread of the connection. Somebody who is cancelled between two
    of them leaves one behind that nobody answers any more, and a process that waits for it.
    """
    connection = engine.connect()
    with anyio.CancelScope(shield=True):
        await connection.start()
    try:
        yield connection
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


@asynccontextmanager
async def _busy_when_out_of_order() -> AsyncGenerator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise ServerBusy("Every connection of the database is in use.") from error
    except exc.OperationalError as error:
        if isinstance(error.orig, sqlite3.OperationalError):
            busy = busy_or(error.orig)
            if isinstance(busy, ServerBusy):
                raise busy from error
        raise
