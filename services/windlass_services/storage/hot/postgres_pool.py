"""Transactions on connections that only the hot operations use.

What every statement needs is said when a connection is made: a lone statement is then a transaction
by itself, in one round trip. Poolers refuse that, or forget it with the next transaction: through
them it travels with every BEGIN.
"""

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
        self._needed = {
            **needed_by_all(patience),
            # Every statement looks rows up by key: it is planned once for a connection, not each
            # time for its values. A plan made while a table was empty would read it all.
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
        }
        self._options: dict[str, Any] = {
            "dsn": address.dsn,
            "min_size": 0,
            "max_size": size,
            "timeout": self._connecting,
            "command_timeout": seconds + 1,
            "statement_cache_size": 100 if address.prepared else 0,
            # Of any size: the statements that take longest to plan are the long ones.
            "max_cacheable_statement_size": 0,
            "reset": _leave,
        }
        self.is_direct = address.prepared
        """Whether sessions keep what they are told; known for certain once the pool is open."""
        self._pool: Any = self._new_pool()

    @asynccontextmanager
    async def transaction(self, also: str = "") -> AsyncGenerator[Connection]:
        """One transaction, committed when the block ends. `also` runs right after its BEGIN.

        Raises `ServerBusy`, or `LostRace` when running it again is likely to help.
        """
        async with self._connection() as connection:
            try:
                await connection.execute(f"{self._begin}; {also}")
                yield connection
                await connection.execute("COMMIT")
            except BaseException:
                await _roll_back(connection)
                raise

    @asynccontextmanager
    async def statements(self) -> AsyncGenerator[Connection]:
        """Each statement of the block is committed by itself, or all of them behind a pooler.

        Raises as `transaction` does.
        """
        if self.is_direct:
            async with self._connection() as connection:
                yield connection
        else:
            async with self.transaction() as connection:
                yield connection

    async def open(self) -> None:
        """Connect once, so that a wrong address shows now: `ServerBusy` or `SettingInvalid`."""
        if self.is_direct and await self._is_refused():
            self.is_direct = False
            self._pool = self._new_pool()
        await self._pool
        async with self.transaction():
            pass

    async def close(self) -> None:
        """Close every connection; nothing may be under way."""
        await self._pool.close()

    @property
    def _begin(self) -> str:
        if self.is_direct:
            return "BEGIN"
        needed = "; ".join(f"SET LOCAL {name} = {value}" for name, value in self._needed.items())
        return f"BEGIN; {needed}"

    def _new_pool(self) -> Any:
        settings = self._needed if self.is_direct else None
        return asyncpg.create_pool(**self._options, server_settings=settings)

    async def _is_refused(self) -> bool:
        """Whether there is a pooler that takes no settings at connection time."""
        try:
            await self._pool
            async with self._pool.acquire(timeout=self._connecting):
                return False
        except asyncpg.ProtocolViolationError:
            return True
        except Exception as error:
            raise explained(error) or error from error

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        try:
            async with self._pool.acquire(timeout=self._connecting) as connection:
                yield connection
        except (LostRace, ServerBusy):
            raise
        except Exception as error:
            if lost_a_race(error):
                raise LostRace from error
            raise explained(error) or error from error


def needed_by_all(patience: timedelta) -> dict[str, str]:
    """What every session is told: a replica that hangs must not hold its locks for ever."""
    milliseconds = str(int(patience.total_seconds() * 1000))
    return {
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        "jit": "off",
    }


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
