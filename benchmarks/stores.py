"""PostgreSQL and Redis for a benchmark: the ones that the tests would take, durable ones."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import is_healthy
from benchmarks.sides import ROOT, RunningServer, RunningServices, Side


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the servers are. `postgres` names an empty database, as SQLAlchemy's asyncpg URL."""

    postgres: str
    redis: str


@contextmanager
def kept_servers() -> Generator[Stores]:
    """Servers of this block's own, ended with it. PostgreSQL waits for the disk, as it should."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.server_keeper", "--durable", "postgres", "redis"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None
    try:
        addresses = json.loads(keeper.stdout.readline())
        if "error" in addresses:
            raise RuntimeError(addresses["error"])
        postgres = addresses["postgres"].replace("postgresql://", "postgresql+asyncpg://")
        yield Stores(postgres=postgres, redis=addresses["redis"])
    finally:
        keeper.communicate(timeout=60)


@contextmanager
def server_on_stores(side: Side) -> Generator[RunningServer]:
    """A server of this side on PostgreSQL and Redis of its own, background services beside it."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.server(Path(folder), **settings_on(side, stores)) as running,
    ):
        yield running


@contextmanager
def services_on_stores(side: Side) -> Generator[tuple[RunningServer, Stores]]:
    """The same, but the background services are a process of their own: an installation."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.api(Path(folder), **settings_on(side, stores)) as running,
        side.services(Path(folder), **settings_on(side, stores)) as services,
    ):
        _until_ready(side, services)
        yield running, stores


def _until_ready(side: Side, services: RunningServices) -> None:
    """Until they are there, where that can be asked: starting is not what is measured."""
    while side.module == "windlass" and not is_healthy(services.url, "health/ready"):
        time.sleep(0.05)


def settings_on(side: Side, stores: Stores) -> dict[str, str]:
    """The environment of a server of this side on these stores."""
    if side.module == "windlass":
        return {
            side.database_variable: stores.postgres,
            "WINDLASS_SERVER_BROKER_URL": stores.redis,
        }
    host, _, port = stores.redis.removeprefix("redis://").partition("/")[0].partition(":")
    return {
        side.database_variable: stores.postgres,
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_REDIS_MESSAGING_HOST": host,
        "PREFECT_REDIS_MESSAGING_PORT": port,
    }
