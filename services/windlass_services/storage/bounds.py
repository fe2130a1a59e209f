"""How long a question of a client may take: what it asks is its own choice, so it has an end.

A statement with the options `BOUNDED` is ended after the patience of its database, and whoever
asked is told that it was too broad; of any other, that the database is busy.
"""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from windlass.exceptions import QueryTooBroad

BOUNDED: Final[Mapping[str, Any]] = {"windlass_bounded": True}
"""`statement.execution_options(**BOUNDED)`: raises `QueryTooBroad` when it takes too long."""
_DEADLINE: Final = "windlass_deadline"
_STEPS: Final = 20_000
"""Of SQLite's machine, between two looks at the clock: a millisecond or less."""
_QUERY_CANCELLED: Final = "57014"


def bound_postgres(engine: AsyncEngine, patience: timedelta) -> None:
    """Tell who asked, when the server ends a bounded statement: every one has its limit there."""

    def failed(context: ExceptionContext) -> None:
        ended = getattr(context.original_exception, "sqlstate", None) == _QUERY_CANCELLED
        if ended and _is_bounded(context.execution_context):
            raise _too_broad(patience) from context.original_exception

    event.listen(engine.sync_engine, "handle_error", failed)


def bound_sqlite(engine: AsyncEngine, patience: timedelta) -> None:
    """Let SQLite end bounded statements itself: it looks at the clock while it works."""

    def connected(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        deadline = record.info[_DEADLINE] = _Deadline()

        async def watch(driver: Any) -> None:
            await driver.set_progress_handler(deadline.is_over, _STEPS)

        adapted: Any = connection
        adapted.run_async(watch)

    def before(connection: sa.Connection, *rest: Any) -> None:
        if _is_bounded(rest[3]):
            connection.info[_DEADLINE].at = time.monotonic() + patience.total_seconds()

    def after(connection: sa.Connection, *_: Any) -> None:
        connection.info[_DEADLINE].at = None

    def failed(context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            after(context.connection)
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_INTERRUPT and _is_bounded(context.execution_context):
            raise _too_broad(patience) from context.original_exception

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)


@dataclass(slots=True)
class _Deadline:
    """Of the statement that a connection executes; None when it may take its time."""

    at: float | None = None

    def is_over(self) -> bool:
        return self.at is not None and time.monotonic() > self.at


def _is_bounded(context: Any) -> bool:
    return context is not None and BOUNDED.items() <= context.execution_options.items()


def _too_broad(patience: timedelta) -> QueryTooBroad:
    return QueryTooBroad(
        f"The database found no answer within {patience.total_seconds():g} seconds. Ask for less:"
        " name a flow, a deployment, a run or a time in the filter, or order by what it filters."
        " WINDLASS_SERVER_DATABASE_TIMEOUT is how long a question may take."
    )
