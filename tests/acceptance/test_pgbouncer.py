"""The control plane behind PgBouncer, which gives a connection for one transaction at a time."""

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.conformance.storage.govern import plain_govern
from tests.support.pgbouncer import pooled
from tests.support.postgres import create_database, drop_database
from tests.support.waiting import wait_until
from tests.support.windlass_server import Backend, WindlassServer, make_windlass_server
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.storage.addresses import PostgresAddress, parse_database_url
from windlass_services.storage.hot.postgres_pool import PostgresPool
from windlass_services.storage.open import open_database

pytestmark = pytest.mark.timeout(180)

_TOLD = "SELECT concat(current_setting('enable_seqscan'), ' ', current_setting('plan_cache_mode'))"
_SAID = "off force_generic_plan"


@pytest.fixture
def addresses(
    pgbouncer: list[str], postgres_server: str, redis_url: str, database_names: Iterator[str]
) -> Generator[dict[str, str]]:
    """An empty database behind a pooler of few connections, and an empty Redis."""
    name = next(database_names)
    database = create_database(postgres_server, name)
    try:
        with pooled(pgbouncer, database) as url:
            yield {
                "WINDLASS_SERVER_DATABASE_CONNECTION_URL": url,
                "WINDLASS_SERVER_BROKER_URL": redis_url,
            }
    finally:
        drop_database(postgres_server, name)


@pytest.fixture
def behind_pgbouncer(addresses: dict[str, str], tmp_path: Path) -> Generator[WindlassServer]:
    """Two API replicas, a scheduler and triggers that came up on an empty database behind it."""
    size = "WINDLASS_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_STATEMENT_CACHE_SIZE"
    server = make_windlass_server(Backend.SERVICES, tmp_path / "server", addresses | {size: "0"})
    try:
        server.start()
        yield server
    finally:
        codes = server.stop()
    assert not any(codes.values()), codes


def test_a_run_goes_its_whole_way_behind_pgbouncer(behind_pgbouncer: WindlassServer) -> None:
    one, other = (httpx.Client(base_url=f"{url}/", timeout=20) for url in behind_pgbouncer.api_urls)
    with one, other:
        run_id = _scheduled(one)
        claimed = _post(other, "work_pools/pool/claim", _claim())["runs"][0]
        assert claimed["flow_run"]["id"] == run_id
        fence = {"X-Windlass-Execution": claimed["execution_id"]}
        for client, state in ((other, "RUNNING"), (one, "COMPLETED")):
            said = _post(
                client, f"flow_runs/{run_id}/set_state", {"state": {"type": state}}, headers=fence
            )
            assert said["status"] == "ACCEPT", said
        wait_until(
            lambda: {"Pending", "Running", "Completed"} <= _seen(other, run_id),
            description="the events of the run, relayed from one process and read from another",
        )
        lines = [_line(run_id, number) for number in range(300)]
        _post(one, "logs/", lines)
        assert _post(other, "logs/filter", {"limit": 200})[0]["message"] == "line 0"


def test_many_requests_at_once_share_few_connections(behind_pgbouncer: WindlassServer) -> None:
    one, other = (httpx.Client(base_url=f"{url}/", timeout=20) for url in behind_pgbouncer.api_urls)
    with one, other:
        for number in range(60):
            client = (one, other)[number % 2]
            _post(client, "variables/", {"name": f"v{number}", "value": {"number": number}})
            assert _post(client, "variables/filter", {"limit": 1})
        assert _post(one, "variables/count", {}) == 60


async def test_what_statements_need_they_have_behind_a_pooler_that_refuses_to_be_told(
    addresses: dict[str, str],
) -> None:
    assert await _planned(addresses["WINDLASS_SERVER_DATABASE_CONNECTION_URL"]) == [_SAID, _SAID]


async def test_what_statements_need_they_have_where_there_is_no_pooler(postgres_url: str) -> None:
    assert await _planned(postgres_url) == [_SAID, _SAID]


async def test_reads_have_their_limits_behind_a_pooler(addresses: dict[str, str]) -> None:
    database = await open_database(
        addresses["WINDLASS_SERVER_DATABASE_CONNECTION_URL"],
        govern=plain_govern,
        clock=utc_now,
        patience=timedelta(seconds=7),
    )
    try:
        async with database.read() as connection:
            assert await connection.scalar(sa.text("SHOW statement_timeout")) == "7s"
            assert await connection.scalar(sa.text("SHOW jit")) == "off"
    finally:
        await database.close()


async def test_a_long_statement_is_prepared_once_too(postgres_url: str) -> None:
    long = f"SELECT 1 /* {'long ' * 10_000} */"
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%long long%'"
    async with _opened(postgres_url) as pool, pool.statements() as connection:
        for _ in range(3):
            await connection.fetchval(long)
        # The question is prepared as well, and names what it looks for.
        assert await connection.fetchval(prepared) == 2


async def _planned(url: str) -> list[str]:
    """What the planner is told: for a lone statement, and in a transaction."""
    async with _opened(url) as pool:
        async with pool.statements() as connection:
            alone = await connection.fetchval(_TOLD)
        async with pool.transaction() as connection:
            return [alone, await connection.fetchval(_TOLD)]


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[PostgresPool]:
    address = parse_database_url(url)
    assert isinstance(address, PostgresAddress)
    seconds = timedelta(seconds=10)
    pool = PostgresPool(address, size=1, patience=seconds, connecting=seconds)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


def _scheduled(client: httpx.Client) -> str:
    flow = _post(client, "flows/", {"name": "flow"})["id"]
    _post(client, "work_pools/", {"name": "pool", "type": "process"})
    deployment = _post(
        client, "deployments/", {"name": "d", "flow_id": flow, "work_pool_name": "pool"}
    )["id"]
    return _post(client, f"deployments/{deployment}/create_flow_run", {})["id"]


def _claim() -> dict[str, Any]:
    return {"worker_name": "w", "request_id": str(uuid7()), "limit": 1, "wait_seconds": 10}


def _seen(client: httpx.Client, run_id: str) -> set[str]:
    resource = {"id": [f"prefect.flow-run.{run_id}"]}
    found = _post(client, "events/filter", {"filter": {"resource": resource}})["events"]
    return {event["event"].rpartition(".")[2] for event in found}


def _line(run_id: str, number: int) -> dict[str, Any]:
    when = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
    return {
        "name": "a",
        "level": 20,
        "message": f"line {number}",
        "timestamp": when,
        "flow_run_id": run_id,
    }


def _post(client: httpx.Client, path: str, body: Any, **options: Any) -> Any:
    answer = client.post(path, json=body, **options)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None
