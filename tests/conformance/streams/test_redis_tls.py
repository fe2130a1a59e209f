"""Redis over TLS: who is trusted and served, and what a server that goes away looks like."""

import ssl
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.conformance.streams.redis_process import RedisProcess, Tls
from tests.conformance.streams.trust import expect_trust
from tests.support.certificates import Authority
from tests.support.server_keeper import free_port
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import PARTITIONS, Announcement
from windlass_services.streams.redis import clients, connection
from windlass_services.streams.redis.streams import RedisStreams

WHERE = ["rediss_url", "rediss_sentinel_url", "rediss_cluster_url"]


@pytest.fixture
def rediss_process(tmp_path: Path, tls: Tls) -> Generator[RedisProcess]:
    process = RedisProcess(free_port(), tmp_path, tls=tls)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture
async def rediss_streams(rediss_process: RedisProcess) -> AsyncGenerator[RedisStreams]:
    streams = RedisStreams(rediss_process.url)
    yield streams
    await streams.close()


@pytest.mark.parametrize("where", WHERE)
async def test_it_speaks_tls_to_who_can_be_trusted(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    url: str = request.getfixturevalue(where)
    place, _, _ = url.partition("?")
    stranger = Authority(tmp_path, "stranger")
    await expect_trust(RedisStreams(url), RedisStreams(f"{place}?ssl_ca_certs={stranger.file}"))


@pytest.mark.parametrize("where", WHERE)
async def test_nobody_is_served_who_does_not_speak_it(
    request: pytest.FixtureRequest, where: str
) -> None:
    url: str = request.getfixturevalue(where)
    place, _, _ = url.partition("?")
    streams = RedisStreams(place.replace("rediss", "redis"))
    with pytest.raises(BrokerUnavailable):
        await streams.ping()
    await streams.close()


@pytest.mark.parametrize("where", WHERE)
async def test_connections_that_open_at_once_do_not_each_read_the_certificates_of_the_system(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It takes so long that those that wait for it give up."""
    url: str = request.getfixturevalue(where)
    read: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        read.append(make())
        return read[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    streams = RedisStreams(url)
    wait = timedelta(seconds=0.2)
    async with anyio.create_task_group() as tasks:
        for partition in range(PARTITIONS):
            ask = partial(streams.read, limit=1, wait=wait)
            tasks.start_soon(ask, "events", "group", partition, "one")
    await streams.close()
    # One for commands and one for reads, and as many for who is asked where the data are.
    assert 0 < len(read) <= 4


async def test_a_server_that_was_killed_is_missed_and_found_again(
    rediss_process: RedisProcess, rediss_streams: RedisStreams
) -> None:
    async with rediss_streams.listen(["runs"]) as announcements:
        await rediss_streams.ping()
        rediss_process.kill()
        with pytest.raises(BrokerUnavailable):
            await rediss_streams.ping()
        rediss_process.start()
        await rediss_streams.ping()
        with anyio.fail_after(15):
            assert await anext(announcements) == Announcement(resumed=True)


async def test_a_server_that_ended_hangs_up(
    rediss_process: RedisProcess, rediss_streams: RedisStreams
) -> None:
    await rediss_streams.ping()
    with pytest.raises(RedisConnectionError):
        rediss_process.command("SHUTDOWN", "NOSAVE")
    with pytest.raises(BrokerUnavailable) as refusal:
        await rediss_streams.ping()
    assert "Timeout" not in str(refusal.value)


async def test_a_server_that_never_answers_holds_nobody_up(
    rediss_process: RedisProcess, rediss_streams: RedisStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = RedisStreams(rediss_process.url)
    await leaving.ping()
    monkeypatch.setattr(connection, "_REPLY_TIMEOUT", 0.2)
    monkeypatch.setattr(clients, "_CONNECT_TIMEOUT", 0.2)
    strangers = RedisStreams(rediss_process.url)
    rediss_process.freeze()
    with anyio.fail_after(10):
        with pytest.raises(BrokerUnavailable):
            await strangers.ping()
        await strangers.close()
        # It has shaken hands, and nobody answers its farewell.
        await leaving.close()
    rediss_process.thaw()
    await rediss_streams.ping()
