"""The one thread that writes hot operations to SQLite, and its group commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from windlass.exceptions import ServerBusy
from windlass_services.runtime.batching import Answers, Batcher

AnswerT = TypeVar("AnswerT")
Job: TypeAlias = Callable[[sqlite3.Cursor], AnswerT]
"""Reads and writes on the writer's connection, inside a savepoint of its own."""

PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)
"""What every connection sets. NORMAL: a commit survives the end of the process at once, and that of
the machine from the next checkpoint on; the file is never damaged."""

_OUT_OF_ORDER: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)


class SqliteWriter:
    """Runs jobs one after the other; those that wait during a commit share the next one.

    A job that raises is undone alone. `lock` keeps other writers of this process out.
    """

    def __init__(self, path: Path, lock: asyncio.Lock, patience: timedelta) -> None:
        self._path = path
        self._lock = lock
        self._patience = patience.total_seconds()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="windlass-sqlite-writer")
        self._connection: sqlite3.Connection | None = None
        self._jobs: Batcher[Job[Any], Any] = Batcher(self._commit, most=256)

    async def do(self, job: Job[AnswerT]) -> AnswerT:
        """What the job returns, once it is committed. Raises what it raises, and `ServerBusy`."""
        return cast(AnswerT, await self._jobs.ask(job))

    async def close(self) -> None:
        """Commit what was asked for, then close the connection."""
        await self._jobs.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.close)
        self._thread.shutdown()

    async def _commit(self, jobs: Sequence[Job[Any]]) -> Answers[Any]:
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError:
            raise ServerBusy("Another change has held the database for too long.") from None
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._transact, jobs)
        finally:
            self._lock.release()

    def _transact(self, jobs: Sequence[Job[Any]]) -> Answers[Any]:
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                answers = [_attempt(connection.cursor(), job) for job in jobs]
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise
        except sqlite3.OperationalError as error:
            raise busy_or(error) from error
        return answers

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, cached_statements=256
            )
            for pragma in PRAGMAS:
                self._connection.execute(pragma)
        return self._connection


def _attempt(cursor: sqlite3.Cursor, job: Job[AnswerT]) -> AnswerT | Exception:
    cursor.execute("SAVEPOINT job")
    try:
        answer = job(cursor)
    except sqlite3.OperationalError as error:
        # The disk may be full: SQLite has then undone more than this job.
        if isinstance(busy_or(error), ServerBusy):
            raise
        _undo(cursor)
        return error
    except Exception as error:  # the caller of this job gets it
        _undo(cursor)
        return error
    cursor.execute("RELEASE job")
    return answer


def _undo(cursor: sqlite3.Cursor) -> None:
    cursor.execute("ROLLBACK TO job")
    cursor.execute("RELEASE job")


def busy_or(error: sqlite3.OperationalError) -> Exception:
    """`ServerBusy` for a database or a disk out of order, else the error itself."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary in _OUT_OF_ORDER:
        return ServerBusy(f"The SQLite database cannot be written now: {error}.")
    return error
