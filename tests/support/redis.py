# pyright: reportUnknownMemberType=false
"""Empty Redis databases: no two tests, and no two servers of one test, share any."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class RedisDatabases:
    """The logical databases of the test run's Redis that only this xdist worker takes.

    The worker with this `index`, one of `stride` workers, has every `stride`-th of them.
    """

    url: str
    index: int
    stride: int
    taken: set[int] = field(default_factory=set[int])

    @contextmanager
    def one(self) -> Generator[str]:
        """The URL of an empty database that is nobody else's until the block ends."""
        number = next(n for n in range(len(self.taken) + 1) if n not in self.taken)
        parts = urlsplit(self.url)
        first = int(parts.path.strip("/") or 0)
        url = urlunsplit(parts._replace(path=f"/{first + self.index + number * self.stride}"))
        flush(url)
        self.taken.add(number)
        try:
            yield url
        finally:
            self.taken.remove(number)


@pytest.fixture(scope="session")
def redis_databases(pytestconfig: pytest.Config, worker_id: str) -> RedisDatabases:
    """Where empty Redis databases are had from."""
    index = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    stride = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return RedisDatabases(pytestconfig.stash[SERVERS].address("redis"), index, stride)


@pytest.fixture
def redis_url(redis_databases: RedisDatabases) -> Generator[str]:
    """The URL of an empty Redis."""
    with redis_databases.one() as url:
        yield url
