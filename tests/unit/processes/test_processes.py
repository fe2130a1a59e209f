"""Processes of the control plane: what they refuse, and how they end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import asyncpg
import psutil
import pytest

from tests.support.waiting import await_until
from tests.support.windlass_server import (
    DATABASE_URL,
    Backend,
    WindlassServer,
    make_windlass_server,
)
from windlass.ids import uuid7
from windlass_services.storage.scope import Scope

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("service", ["scheduler", "triggers", "api"])
def test_a_replica_refuses_a_broker_that_lives_in_one_process(tmp_path: Path, service: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "WINDLASS_"}
    refused = subprocess.run(
        [sys.executable, "-m", "windlass_services", service, "--port", "0", "--probe-port", "0"],
        env=inherited | {"WINDLASS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert refused.returncode == 1
    assert "WINDLASS_SERVER_BROKER_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "WINDLASS_SERVER_BROKER_URL"),
        (
            {"WINDLASS_SERVER_BROKER_URL": "redis://127.0.0.1:1/0"},
            "WINDLASS_SERVER_DATABASE_CONNECTION_URL",
        ),
    ],
)
def test_several_processes_on_one_address_share_what_they_know(
    tmp_path: Path, settings: dict[str, str], missing: str
) -> None:
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "WINDLASS_"}
    refused = subprocess.run(
        [sys.executable, "-m", "windlass_services", "api", "--port", "0", "--workers", "2"],
        env=inherited | {"WINDLASS_HOME": str(tmp_path)} | settings,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert refused.returncode == 1
    # Said once, by the process that would have started the others.
    assert refused.stderr.count(missing) == 1


def test_a_server_that_is_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "server", {})
    server.start()
    process = server.processes["server"]
    assert process.running is not None
    pid = process.running.pid
    children = psutil.Process(pid).children(recursive=True)
    assert server.stop() == {"server": 0}
    assert not psutil.pid_exists(pid)
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in process.log.read_text()
    # Nothing is left of the write-ahead log, and the file is free for another server.
    assert list(tmp_path.rglob("*-wal")) == []
    server.start()
    assert server.stop() == {"server": 0}


@pytest.fixture
def server_on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[WindlassServer]:
    """Every service in one process, of which the loops share a PostgreSQL with the test."""
    settings = {DATABASE_URL: postgres_url, "WINDLASS_SERVER_LOGGING_LEVEL": "INFO"}
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "server", settings)
    server.start()
    yield server
    server.stop()


async def test_a_loop_ends_what_it_is_at_before_its_process_does(
    server_on_postgres: WindlassServer, postgres_url: str
) -> None:
    process = server_on_postgres.processes["server"]
    connection: Any = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        holding = connection.transaction()
        await holding.start()
        await connection.execute("LOCK TABLE deletion IN ACCESS EXCLUSIVE MODE")
        await connection.execute(
            "INSERT INTO deletion (id, workspace_id, kind, object_id, created)"
            " VALUES ($1, $2, 'flow_run', $1, now())",
            uuid7(),
            Scope().workspace_id,
        )

        async def is_at_it() -> bool:
            return await connection.fetchval(
                "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
                " AND relation = 'deletion'::regclass"
            )

        await await_until(is_at_it, timeout=20, description="the loop to be in the middle")
        process.ask_to_stop()

        async def has_heard() -> bool:
            return "Stopping on SIGTERM" in process.log.read_text()

        await await_until(has_heard, timeout=20, description="the process to hear it")
        await holding.commit()
        assert await anyio.to_thread.run_sync(process.wait_for_end) == 0
        kinds = await connection.fetch("SELECT kind FROM deletion")
        assert [row["kind"] for row in kinds] == ["flow_run_late"]
    finally:
        await connection.close()
