"""How long a server waits for its PostgreSQL is what the settings say."""

import socket
from pathlib import Path

import anyio
import pytest

from windlass.exceptions import ServerBusy
from windlass.settings import Settings, resolve
from windlass_services.processes.assembly import assembled

TOO_LONG = 8
"""Seconds. Less than the usual patience, which would mean that the setting was not heard."""


def settings_for(url: str, home: Path, **timeouts: str) -> Settings:
    """Settings with a database and these timeouts of it."""
    given = {f"WINDLASS_SERVER_DATABASE_{name}": value for name, value in timeouts.items()}
    return resolve(
        given
        | {
            "WINDLASS_HOME": str(home),
            "WINDLASS_SERVER_DATABASE_CONNECTION_URL": url,
        },
        None,
    )


async def test_a_server_that_does_not_answer_is_given_up(windlass_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+asyncpg://user@127.0.0.1:{silent.getsockname()[1]}/name"
        settings = settings_for(url, windlass_home, CONNECTION_TIMEOUT="0.1")
        with anyio.fail_after(TOO_LONG), pytest.raises(ServerBusy):
            async with assembled(settings, alone=True):
                pass


async def test_a_statement_that_takes_too_long_is_ended(
    fresh_postgres_url: str, windlass_home: Path
) -> None:
    settings = settings_for(fresh_postgres_url, windlass_home, TIMEOUT="1")
    async with assembled(settings, alone=True) as services:
        with pytest.raises(ServerBusy):
            async with services.database.read() as connection:
                await connection.exec_driver_sql("SELECT pg_sleep(5)")
