# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
"""The streams under test: every test here runs on each backend unless it names one."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from redis import Redis

from tests.conformance.streams.redis_process import RedisProcess, free_port
from windlass_services.streams.keys import is_permanent
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import Streams
from windlass_services.streams.redis.streams import RedisStreams


class MakeStreams(Protocol):
    """Opens streams of the backend under test, closed after the test."""

    def __call__(self, *, cap: int = 16_000) -> Streams: ...


@pytest.fixture(params=["memory", "redis"])
async def make_streams(request: pytest.FixtureRequest) -> AsyncGenerator[MakeStreams]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    # Announcements reach every logical database of a server: another test may use the same.
    workspace = uuid4().hex
    async with AsyncExitStack() as opened:

        def make(*, cap: int = 16_000) -> Streams:
            streams = (
                RedisStreams(url, workspace=workspace, cap=cap) if url else MemoryStreams(cap=cap)
            )
            opened.push_async_callback(streams.close)
            return streams

        yield make
    if url:
        assert_no_key_leaks(url)


@pytest.fixture
def streams(make_streams: MakeStreams) -> Streams:
    return make_streams()


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
