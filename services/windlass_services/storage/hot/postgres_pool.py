"""Transactions on connections that only the hot operations use."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

import asyncpg

from windlass.exceptions import ServerBusy
from windlass_services.storage.addresses import PostgresAddress
from windlass_services.storage.postgres_errors import explained, lost_a_race

AnswerT = TypeVar("AnswerT")

ATTEMPTS: Final = 5
"""How often a transaction that lost a race is run again."""


class LostRace(Exception):
    """The transaction met another one, and is to be run again."""


class Connection(Protocol):
    """What the hot operations use of an asyncpg connection."""

    async def execute(self, query: str) -> str: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...


class PostgresPool:
    """A pool whose connections carry nothing from one transaction to the next."""

    def __init__(
        self, address: PostgresAddress, *, size: int, patience: timedelta, connecting: timedelta
    ) -> None:
        seconds = patience.total_seconds()
        self._connecting = connecting.total_seconds()
        # Poolers refuse most parameters at connection time, and session state does not survive
        # them: what every transaction needs travels with its BEGIN, in one round trip.
        milliseconds = int(seconds * 1000)
        self._begin = (
            f"BEGIN; SET LOCAL statement_timeout = {milliseconds};"
            f" SET LOCAL idle_in_transaction_session_timeout = {milliseconds};"
            # Every statement looks rows up by key. A plan made while a table was empty would read
            # it all, and be kept.
            " SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
        )
        self._pool: Any = asyncpg.create_pool(
            address.dsn,
            min_size=0,
            max_size=size,
            timeout=self._connecting,
            command_timeout=seconds + 1,
            statement_cache_size=100 if address.prepared else 0,
            reset=_leave,
        )

    @asynccontextmanager
    async def transaction(self, also: str = "") -> AsyncGenerator[Connection]:
        """One transaction, committed when the block ends. `also` runs right after its BEGIN.

        Raises `ServerBusy`, or `LostRace` when running it again is likely to help.
        """
        try:
            async with self._pool.acquire(timeout=self._connecting) as connection:
                try:
                    await connection.execute(f"{self._begin}; {also}")
                    yield connection
                    await connection.execute("COMMIT")
                except BaseException:
                    await _roll_back(connection)
                    raise
        except (LostRace, ServerBusy):
            raise
        except Exception as error:
            if lost_a_race(error):
                raise LostRace from error
            raise explained(error) or error from error

    async def open(self) -> None:
        """Connect once, so that a wrong address shows now: `ServerBusy` or `SettingInvalid`."""
        await self._pool
        async with self.transaction():
            pass

    async def close(self) -> None:
        """Close every connection; nothing may be under way."""
        await self._pool.close()


async def until_won(attempt: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
    """The answer of the first attempt that loses no race. Raises `ServerBusy` after several."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(LostRace):
            return await attempt()
    raise ServerBusy("Too many changes of the same rows at once.")


async def _roll_back(connection: Any) -> None:
    if not connection.is_closed():
        # Without a connection there is nothing left to roll back.
        with contextlib.suppress(Exception):
            await connection.execute("ROLLBACK")


async def _leave(_connection: object) -> None:
    """Instead of the pool's reset, which costs a round trip and undoes what is never done."""
