"""The PostgreSQL database: hot operations on connections of their own, the rest on another pool."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, cast

import anyio
import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy import Engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection, IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from windlass.clock import Clock
from windlass.exceptions import ServerBusy
from windlass_services.storage.addresses import PostgresAddress
from windlass_services.storage.bounds import bound_postgres
from windlass_services.storage.database import Dialect
from windlass_services.storage.hot.postgres import PostgresHotOperations
from windlass_services.storage.hot.postgres_pool import needed_by_all
from windlass_services.storage.hot.protocol import Govern, HotOperations
from windlass_services.storage.json_text import json_text_without_nul, text_without_nul
from windlass_services.storage.postgres_errors import explained, lost_a_race

AUTOCOMMIT: Final = "AUTOCOMMIT"
"""Every statement is a transaction by itself, but for those between a BEGIN and its COMMIT."""
CONNECTIONS: Final = 10
"""Made when they are needed, and kept: a new one plans every statement anew."""
_USED_AT: Final = "windlass_used_at"
_IDLE: Final = 5.0
"""Seconds after which a connection is asked whether it is still there."""


class PostgresDatabase:
    """See `Database`."""

    dialect: Dialect = "postgresql"
    hot: HotOperations

    def __init__(
        self,
        address: PostgresAddress,
        *,
        govern: Govern,
        clock: Clock,
        patience: timedelta,
        connecting: timedelta,
    ) -> None:
        self._hot = PostgresHotOperations(
            address, govern=govern, clock=clock, patience=patience, connecting=connecting
        )
        self.hot = self._hot
        self._needed = needed_by_all(patience)
        self._engine = postgres_engine(address, patience, connecting, AUTOCOMMIT)
        event.listen(self._engine.sync_engine, "do_connect", self._tell)
        bound_postgres(self._engine, patience)

    async def open(self) -> None:
        """Raises `ServerBusy` when there is no server."""
        await self._hot.open()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        if self._hot.is_direct:
            # A session that keeps its limits needs no transaction for them.
            async with busy_when_out_of_order(), self._engine.connect() as connection:
                yield connection
        else:
            async with self.write() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        async with busy_when_out_of_order(), self._engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN")
            try:
                if not self._hot.is_direct:
                    await self._say_for_now(connection)
                yield connection
                await connection.exec_driver_sql("COMMIT")
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await _roll_back(connection)
                raise

    async def ping(self) -> None:
        async with self.read() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def close(self) -> None:
        await self._hot.close()
        await self._engine.dispose()

    def _tell(self, _dialect: object, _record: object, _: object, options: dict[str, Any]) -> None:
        if self._hot.is_direct:
            options["server_settings"] = self._needed

    async def _say_for_now(self, connection: AsyncConnection) -> None:
        """What a pooler's session is not told once, for this transaction."""
        await connection.execute(
            sa.select(*(sa.func.set_config(*setting, True) for setting in self._needed.items()))
        )


def postgres_engine(
    address: PostgresAddress,
    patience: timedelta,
    connecting: timedelta,
    isolation_level: IsolationLevel = "READ COMMITTED",
) -> AsyncEngine:
    """An engine that finds out about lost connections before it hands them out."""
    arguments: dict[str, object] = {
        "dsn": address.dsn,
        "timeout": connecting.total_seconds(),
        # The server itself ends what has a limit there, and says so better.
        "command_timeout": patience.total_seconds() + 1,
    }
    if not address.prepared:
        arguments |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,  # answers "": a statement without a name
        }
    engine = create_async_engine(
        "postgresql+asyncpg://",
        isolation_level=isolation_level,
        connect_args=arguments,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=connecting.total_seconds(),
        json_serializer=json_text_without_nul,
        json_deserializer=from_json,
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _accepted, retval=True)
    _look_at_idle_connections(engine.sync_engine)
    return engine


async def _roll_back(connection: AsyncConnection) -> None:
    try:
        await connection.exec_driver_sql("ROLLBACK")
    except Exception:  # nobody else may get a session in the middle of a transaction
        await connection.invalidate()


def _look_at_idle_connections(engine: Engine) -> None:
    """What a ping of every connection before its use is for, without its three round trips.

    The driver sees at once when a server ends a session; only one that nothing was heard of for a
    while may be gone unseen.
    """

    def checked_in(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = time.monotonic()

    def checked_out(connection: DBAPIConnection, record: ConnectionPoolEntry, *_: object) -> None:
        driver: Any = record.driver_connection
        if driver.is_closed():
            raise exc.DisconnectionError("The server ended the session.")
        used_at = record.info.get(_USED_AT)
        if used_at is not None and time.monotonic() - used_at > _IDLE:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                raise exc.DisconnectionError("The session does not answer.") from error

    event.listen(engine, "checkin", checked_in)
    event.listen(engine, "checkout", checked_out)


def _accepted(
    _connection: object,
    _cursor: object,
    statement: str,
    values: Any,
    _context: object,
    _executemany: bool,
) -> tuple[str, Any]:
    """The statement and its values, which PostgreSQL accepts: it has no NUL in text."""
    return statement, _without_nul(values)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return text_without_nul(value)
    if isinstance(value, list | tuple):
        members = cast("list[Any] | tuple[Any, ...]", value)
        return type(members)(map(_without_nul, members))
    return value


@asynccontextmanager
async def busy_when_out_of_order() -> AsyncGenerator[None]:
    """Turn what passes by itself into `ServerBusy`, and wrong settings into `SettingInvalid`."""
    try:
        yield
    except ServerBusy:
        raise
    except exc.TimeoutError as error:
        raise ServerBusy("Every connection of the database is in use.") from error
    except exc.DBAPIError as error:
        cause = error.orig.__cause__ if error.orig else None
        if cause is not None and lost_a_race(cause):
            raise ServerBusy("Too many changes of the same rows at once.") from error
        raise (cause and explained(cause)) or error from error
    except (OSError, TimeoutError) as error:
        raise explained(error) or error from error
