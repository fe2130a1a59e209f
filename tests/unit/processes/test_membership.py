"""A broker in memory over a PostgreSQL: one process serves it, and others are told to share one."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from tests.support.postgres import run_statement
from tests.support.waiting import await_until, wait_until
from tests.support.windlass_server import (
    DATABASE_URL,
    Backend,
    ServerProcess,
    make_windlass_server,
)
from windlass.exceptions import ReplicaRefused
from windlass.settings import resolve
from windlass_services.orchestration.context import ServiceContext
from windlass_services.processes.assembly import assembled
from windlass_services.processes.membership import membership
from windlass_services.storage.tables import service_beat

BEAT = timedelta(seconds=0.2)
FOR_EVER = timedelta(hours=1)
MEMORY = "memory://"
REDIS = "redis://127.0.0.1:1/0"
"""Named, and never asked for anything."""

pytestmark = pytest.mark.timeout(60)

Enter = Callable[..., AbstractAsyncContextManager[ServiceContext]]


@pytest.fixture
def member(postgres_url: str, windlass_home: Path) -> Enter:
    """What a process opens over the one database, with the broker that it is given."""

    @asynccontextmanager
    async def enter(broker: str, beat: timedelta = BEAT) -> AsyncGenerator[ServiceContext]:
        settings = resolve(
            {
                "WINDLASS_HOME": str(windlass_home),
                "WINDLASS_SERVER_DATABASE_CONNECTION_URL": postgres_url,
                "WINDLASS_SERVER_BROKER_URL": broker,
            },
            None,
        )
        async with assembled(settings, alone=True) as services, membership(services, beat=beat):
            yield services

    return enter


@pytest.mark.parametrize(("first", "second"), [(MEMORY, MEMORY), (MEMORY, REDIS), (REDIS, MEMORY)])
async def test_nobody_serves_beside_a_broker_in_memory(
    member: Enter, first: str, second: str
) -> None:
    async with member(first):
        with pytest.raises(ReplicaRefused, match="WINDLASS_SERVER_BROKER_URL"):
            async with member(second):
                pass


async def test_one_that_ended_in_order_is_in_nobodys_way(member: Enter) -> None:
    async with member(MEMORY):
        pass
    with anyio.fail_after(10):
        async with member(MEMORY, FOR_EVER):
            pass


async def test_who_shares_a_broker_serves_beside_its_like(member: Enter) -> None:
    async with member(REDIS), member(REDIS):
        pass


@pytest.mark.parametrize("second", [MEMORY, REDIS])
async def test_one_that_was_killed_is_in_the_way_for_three_beats(
    member: Enter, postgres_url: str, second: str
) -> None:
    run_statement(
        postgres_url,
        "INSERT INTO service_beat (instance_id, service, started_at, beat_at, details)"
        " VALUES (gen_random_uuid(), 'memory-broker', now(), now(), '{}')",
    )
    with anyio.fail_after(10):
        async with member(second):
            pass


async def test_one_that_was_passed_over_ends(member: Enter, postgres_url: str) -> None:
    """It was frozen, perhaps, while another one watched."""
    with pytest.RaisesGroup(pytest.RaisesExc(ReplicaRefused, match="was silent")):
        async with member(MEMORY):
            run_statement(postgres_url, "UPDATE service_beat SET instance_id = gen_random_uuid()")
            await anyio.sleep(10)


async def test_one_whose_tables_are_made_anew_goes_on(member: Enter, postgres_url: str) -> None:
    async with member(MEMORY) as services:

        async def is_entered() -> bool:
            async with services.database.read() as connection:
                return bool(
                    await connection.scalar(sa.select(sa.func.count(service_beat.c.beat_at)))
                )

        run_statement(postgres_url, "DELETE FROM service_beat")
        await await_until(is_entered, timeout=10, description="the next beat")


@pytest.fixture
def two_servers(tmp_path: Path, postgres_url: str) -> Iterator[list[ServerProcess]]:
    """Servers over one PostgreSQL, each with a broker in memory; they were not started."""
    settings = {DATABASE_URL: postgres_url}
    servers = [
        make_windlass_server(Backend.EMBEDDED, tmp_path / name, settings) for name in ("a", "b")
    ]
    yield [server.processes["server"] for server in servers]
    for server in servers:
        server.stop()


def test_of_two_servers_that_start_at_once_one_serves(two_servers: list[ServerProcess]) -> None:
    for server in two_servers:
        server.start()

    def refused() -> list[ServerProcess]:
        return [s for s in two_servers if s.running and s.running.poll() is not None]

    [loser] = wait_until(refused, description="the server that is refused")
    winner = two_servers[1 - two_servers.index(loser)]
    wait_until(winner.is_ready, description="the server that serves")
    assert loser.wait_for_end() == 1
    said = loser.log.read_text()
    assert "WINDLASS_SERVER_BROKER_URL" in said
    assert "Traceback" not in said
    assert winner.stop() == 0
