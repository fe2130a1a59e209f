# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
"""The streams under test: every test here runs on each backend unless it names one."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

import anyio
import pytest
from redis import Redis

from tests.conformance.streams.redis_layouts import redis_cluster, redis_pair
from tests.conformance.streams.redis_process import RedisProcess, Tls
from tests.support.certificates import Authority
from tests.support.server_keeper import free_port
from windlass_services.streams.keys import is_permanent, partition_of
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import PARTITIONS, Streams
from windlass_services.streams.rabbitmq.streams import RabbitStreams
from windlass_services.streams.redis.streams import RedisStreams

URLS: Final = {
    "redis": "redis_url",
    "redis+sentinel": "redis_sentinel_url",
    "redis+cluster": "redis_cluster_url",
    "rediss": "rediss_url",
    "rediss+sentinel": "rediss_sentinel_url",
    "rediss+cluster": "rediss_cluster_url",
}
"""The fixture that says where the backend under test is."""


class MakeStreams(Protocol):
    """Opens streams of the backend under test, closed after the test.

    The groups `group`, `recorder` and `evaluator` of the topic `events` have begun to read the
    partition of `run-1`, and `group` these `partitions`: what was published before is not for
    every broker to keep.
    """

    async def __call__(self, *, cap: int = 16_000, partitions: int = 0) -> Streams: ...


@pytest.fixture(params=["memory", *URLS])
async def make_streams(request: pytest.FixtureRequest) -> AsyncGenerator[MakeStreams]:
    async with opened_by(_opener(request)) as make:
        yield make
    if request.param == "redis":
        assert_no_key_leaks(request.getfixturevalue("redis_url"))


@asynccontextmanager
async def opened_by(open_one: Callable[[int], Streams]) -> AsyncGenerator[MakeStreams]:
    """What makes streams of a cap, until the block ends."""
    async with AsyncExitStack() as opened:

        async def make(*, cap: int = 16_000, partitions: int = 0) -> Streams:
            streams = open_one(cap)
            opened.push_async_callback(streams.close)
            if isinstance(streams, RabbitStreams):
                await _begin(streams, partitions)
            return streams

        yield make


def _opener(request: pytest.FixtureRequest) -> Callable[[int], Streams]:
    """What opens streams of the backend that the parameter names."""
    # Servers are shared: by tests, and announcements by the logical databases of one.
    workspace = uuid4().hex
    if request.param == "memory":
        return lambda cap: MemoryStreams(cap=cap)
    url: str = request.getfixturevalue(URLS[request.param])
    return lambda cap: RedisStreams(url, workspace=workspace, cap=cap)


@pytest.fixture(scope="session")
def redis_cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def redis_sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with redis_pair(tmp_path_factory.mktemp("sentinel")) as pair:
        yield pair.url


@pytest.fixture(scope="session")
def rediss_url(tmp_path_factory: pytest.TempPathFactory, tls: Tls) -> Generator[str]:
    process = RedisProcess(free_port(), tmp_path_factory.mktemp("redis"), tls=tls)
    process.start()
    try:
        yield process.url
    finally:
        process.kill()


@pytest.fixture(scope="session")
def rediss_cluster_url(tmp_path_factory: pytest.TempPathFactory, tls: Tls) -> Generator[str]:
    with redis_cluster(tmp_path_factory.mktemp("cluster"), tls) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def rediss_sentinel_url(tmp_path_factory: pytest.TempPathFactory, tls: Tls) -> Generator[str]:
    with redis_pair(tmp_path_factory.mktemp("sentinel"), tls) as pair:
        yield pair.url


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """What a Redis needs for TLS: a tunnel, where it was built without."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder, "authority")
    tls = Tls(authority, authority.signed("server"))
    trial = RedisProcess(free_port(), folder, tls=tls)
    try:
        trial.start()
    except TimeoutError:
        return replace(tls, tunnelled=True)
    finally:
        trial.kill()
    return tls


async def _begin(streams: Streams, partitions: int) -> None:
    async def begin(group: str, partition: int) -> None:
        await streams.read("events", group, partition, "one", limit=1, wait=timedelta(0))

    async with anyio.create_task_group() as tasks:
        for partition in range(partitions):
            tasks.start_soon(begin, "group", partition)
        for group in ("group", "recorder", "evaluator"):
            tasks.start_soon(begin, group, partition_of("run-1"))


@pytest.fixture
async def streams(make_streams: MakeStreams) -> Streams:
    return await make_streams()


@pytest.fixture
async def wide_streams(make_streams: MakeStreams) -> Streams:
    """Streams of which the group has begun to read every partition."""
    return await make_streams(partitions=PARTITIONS)


@pytest.fixture
def redis_process(tmp_path: Path) -> Generator[RedisProcess]:
    process = RedisProcess(free_port(), tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture
async def redis_streams(redis_process: RedisProcess) -> AsyncGenerator[RedisStreams]:
    """Streams on a server that the test may hurt."""
    streams = RedisStreams(redis_process.url)
    yield streams
    await streams.close()


def assert_no_key_leaks(url: str) -> None:
    """Every key expires or is one of those that may stay."""
    with Redis.from_url(url, decode_responses=True) as client:
        keys: list[str] = list(client.scan_iter())
        eternal = [key for key in keys if client.ttl(key) == -1]
    assert [key for key in eternal if not is_permanent(key)] == []
