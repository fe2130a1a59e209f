"""What of PostgreSQL passes by itself is told to clients as such, so that they ask again."""

import asyncpg
import pytest

from windlass.exceptions import ServerBusy
from windlass_services.storage.postgres_errors import explained


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("the underlying connection is closed"),
        # What the driver says when the server ended a session that lay in the pool.
        asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress"),
        ConnectionResetError(),
    ],
)
def test_a_session_that_the_server_ended_passes(error: Exception) -> None:
    assert isinstance(explained(error), ServerBusy)


def test_a_wrong_statement_does_not_pass() -> None:
    assert explained(asyncpg.UndefinedTableError("there is no such table")) is None
