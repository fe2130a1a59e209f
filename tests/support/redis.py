# pyright: reportUnknownMemberType=false
"""An empty Redis for every test; each xdist worker has a logical database of its own."""

from urllib.parse import urlsplit, urlunsplit

import pytest
from redis import Redis

from tests.support.servers import SERVERS


def count_keys(url: str) -> int:
    """How many keys the Redis at `url` holds."""
    with Redis.from_url(url) as client:
        return int(client.dbsize())


def flush(url: str) -> None:
    """Remove everything from the logical database at `url`."""
    with Redis.from_url(url) as client:
        client.flushdb()


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config, worker_id: str) -> str:
    """The URL of a logical Redis database that only this xdist worker uses."""
    parts = urlsplit(pytestconfig.stash[SERVERS].address("redis"))
    first = int(parts.path.strip("/") or 0)
    index = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    return urlunsplit(parts._replace(path=f"/{first + index}"))


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    flush(redis_server)
    return redis_server
