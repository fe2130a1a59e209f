"""PostgreSQL and Redis for a benchmark: the ones that the tests would take, durable ones."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.sides import ROOT


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
