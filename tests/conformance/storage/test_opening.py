"""Opening a database: what is accepted, what is refused, and what survives."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import SteppedClock, World
from tests.support.postgres import run_statement
from windlass.clock import utc_now
from windlass.exceptions import (
    BackendMissing,
    DatabaseTooNew,
    ReplicaRefused,
    ServerBusy,
    SettingInvalid,
)
from windlass.schemas.states import StateType
from windlass_services.storage import schema, tables
from windlass_services.storage.database import Database
from windlass_services.storage.open import open_database

WRITE_AND_DIE = """
import asyncio, os, sys
from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import SteppedClock, World
from windlass_services.storage.open import open_database

async def main():
    database = await open_database(sys.argv[1], govern=plain_govern, clock=SteppedClock())
    world = World(database, SteppedClock())
    run = await world.create()
    outcome = await world.propose(run.id, "RUNNING")
    print(run.id, outcome.execution_id, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


async def opened(url: str, *, create: bool = True) -> Database:
    return await open_database(url, govern=plain_govern, clock=utc_now, create=create)


async def set_revision(url: str, revision: str) -> None:
    database = await opened(url)
    async with database.write() as connection:
        await connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision}
        )
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/windlass",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///file:x?mode=memory",
        "sqlite:///windlass.db?timeout=5",
        "postgresql://localhost/x?prepared_statement_cache_size=many",
        "nonsense",
        "",
    ],
)
async def test_another_url_is_refused_with_the_forms_there_are(url: str) -> None:
    with pytest.raises(SettingInvalid, match="WINDLASS_SERVER_DATABASE_CONNECTION_URL") as refused:
        await opened(url)
    assert "sqlite+aiosqlite:///" in str(refused.value)
    assert "postgresql+asyncpg://" in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database, but long enough to be looked at for one." * 20)
    for url in (f"sqlite:///{path}", f"sqlite:///{path}/windlass.db"):
        with pytest.raises(SettingInvalid, match=r"notes\.txt"):
            await opened(url)


async def test_a_postgresql_database_that_is_not_there_is_refused(postgres_url: str) -> None:
    with pytest.raises(SettingInvalid, match=r'database "[^"]*_gone" does not exist'):
        await opened(f"{postgres_url}_gone")
    with pytest.raises(SettingInvalid, match=r'database "[^"]*_gone" does not exist'):
        await schema.upgrade(f"{postgres_url}_gone")


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
async def test_a_new_sqlite_database_gets_its_folder_and_schema(
    tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "new" / "windlass.db"
    database = await opened(f"{scheme}:///{path}")
    world = World(database, SteppedClock())
    await world.create()
    await database.close()
    assert path.exists()


async def test_closing_leaves_nothing_beside_the_sqlite_file(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = await opened(sqlite_url)
    await World(database, SteppedClock()).create()
    await database.close()
    assert [name for name in os.listdir(tmp_path) if "windlass.db" in name] == ["windlass.db"]


async def test_a_second_server_on_the_same_file_is_told_who_has_it(sqlite_url: str) -> None:
    database = await opened(sqlite_url)
    opener = (
        "import asyncio, sys; from tests.conformance.storage.test_opening import opened;"
        " asyncio.run(opened(sys.argv[1]))"
    )
    second = await asyncio.to_thread(run_python, opener, sqlite_url)
    assert "ReplicaRefused: The process" in second.stderr
    with pytest.raises(ReplicaRefused, match=str(os.getpid())):
        await opened(sqlite_url)
    await database.close()
    database = await opened(sqlite_url)
    await database.close()


async def test_what_was_answered_survives_the_kill_of_the_server(sqlite_url: str) -> None:
    died = await asyncio.to_thread(run_python, WRITE_AND_DIE, sqlite_url)
    assert died.returncode == -9, died.stderr
    run_id, execution_id = died.stdout.split()
    database = await opened(sqlite_url)
    world = World(database, SteppedClock())
    [row] = await world.rows(tables.flow_run)
    assert (str(row["id"]), row["state_type"]) == (run_id, "RUNNING")
    outcome = await world.propose(row["id"], StateType.COMPLETED, execution_id=execution_id)
    assert outcome.state is not None
    await database.close()


async def test_a_database_survives_being_closed_and_opened(database_url: str) -> None:
    for expected in (1, 2):
        database = await opened(database_url)
        world = World(database, SteppedClock())
        await world.create()
        assert len(await world.rows(tables.flow_run)) == expected
        await database.close()


@pytest.mark.parametrize("revision", ["9999_1", "2f8a1c", "0000_0"])
async def test_a_database_of_a_newer_version_is_refused(database_url: str, revision: str) -> None:
    await set_revision(database_url, revision)
    with pytest.raises(DatabaseTooNew, match=r"newer version\. Install that version"):
        await opened(database_url)


async def test_a_newer_schema_that_only_adds_is_good_enough(database_url: str) -> None:
    await set_revision(database_url, "9999_0")
    database = await opened(database_url)
    await World(database, SteppedClock()).create()
    await database.close()


async def test_without_create_a_missing_schema_is_an_error(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    missing = tmp_path / "no" / "windlass.db"
    for url in (f"sqlite:///{missing}", fresh_postgres_url):
        with pytest.raises(BackendMissing, match="windlass server database upgrade"):
            await opened(url, create=False)
    assert not missing.parent.exists()


async def test_replicas_that_start_together_make_the_schema_once(fresh_postgres_url: str) -> None:
    databases = await asyncio.gather(*(opened(fresh_postgres_url) for _ in range(4)))
    for database in databases:
        await World(database, SteppedClock()).create()
        await database.close()


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("windlass_services.storage.")]:
        if "postgres" in name:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(BackendMissing, match=r"windlass\[postgres\]"):
        await opened("postgresql://localhost/windlass")


async def test_a_server_that_is_not_there_makes_busy() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port: int = probe.getsockname()[1]
    with pytest.raises(ServerBusy, match="PostgreSQL does not answer"):
        await opened(f"postgresql+asyncpg://postgres@127.0.0.1:{free_port}/windlass")


async def test_a_database_recovers_from_lost_connections(postgres_url: str) -> None:
    database = await opened(postgres_url)
    world = World(database, SteppedClock())
    await asyncio.gather(*(world.create() for _ in range(10)))
    await asyncio.to_thread(
        run_statement,
        postgres_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    answers = await asyncio.gather(*(world.create() for _ in range(10)), return_exceptions=True)
    assert all(isinstance(a, ServerBusy) for a in answers if isinstance(a, BaseException))
    await world.create()
    await world.flow()
    await world.rows(tables.flow)
    await database.close()


async def test_prepared_statements_can_be_switched_off(postgres_url: str) -> None:
    database = await opened(f"{postgres_url}?prepared_statement_cache_size=0")
    world = World(database, SteppedClock())
    await world.flow()
    run = await world.create()
    await world.propose(run.id, StateType.RUNNING)
    async with database.write() as connection:
        held = await connection.execute(sa.text("SELECT count(*) FROM pg_prepared_statements"))
        assert held.scalar_one() == 0
    await database.close()


async def test_a_call_after_the_close_is_busy(database_url: str) -> None:
    database = await opened(database_url)
    await database.close()
    with pytest.raises(ServerBusy):
        await World(database, SteppedClock()).create()


def run_python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
