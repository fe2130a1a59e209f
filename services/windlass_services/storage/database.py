"""One database, either dialect: how the rest of the services gets connections and transactions."""

from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.hot.protocol import HotOperations

Dialect = Literal["sqlite", "postgresql"]
Connection: TypeAlias = AsyncConnection
"""What `read` and `write` give, for the rooms above, which do not know SQLAlchemy."""


class Database(Protocol):
    """Opened by `windlass_services.storage.open.open_database(url, govern=..., ...)`.

    Lists, filters and CRUD take an `AsyncConnection` from `read()` or `write()`. What every run
    passes through is in `hot`, on connections of its own, so that it never queues behind the rest.
    """

    dialect: Dialect
    hot: HotOperations

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for reading; sees what was committed before."""
        ...

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        On SQLite there is one writer: blocks queue for it, so they never meet "database is locked".
        """
        ...

    async def ping(self) -> None:
        """Raises `ServerBusy` when the database does not answer within its timeout."""
        ...

    async def close(self) -> None:
        """Finish what runs, then close every connection."""
        ...
