"""RabbitMQ: the whole suite on it, and what happens when it goes away, loses data or is shared.

In one file, so that one worker has it all: what starts slowly starts once.
"""

# What the files have in common comes several times.
# ruff: noqa: F405
# pyright: reportGeneralTypeIssues=false

from collections.abc import AsyncGenerator, Awaitable, Generator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import aio_pika
import anyio
import pytest

from tests.conformance.streams import test_topics
from tests.conformance.streams.conftest import MakeStreams, opened_by
from tests.conformance.streams.test_announcements import *  # noqa: F403
from tests.conformance.streams.test_consumer import *  # noqa: F403
from tests.conformance.streams.test_gaps import *  # noqa: F403
from tests.conformance.streams.test_slow_views import *  # noqa: F403
from tests.conformance.streams.test_topics import *  # noqa: F403
from tests.conformance.streams.trust import expect_trust
from tests.support.certificates import Authority
from tests.support.rabbitmq import RabbitProcess, named_rabbitmq, rabbitmq_process
from tests.support.server_keeper import free_port
from tests.support.waiting import await_until
from windlass_services.streams.consumer import Consumer
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.ownership import OwnsAll
from windlass_services.streams.protocol import Announcement, Delivery, Message
from windlass_services.streams.rabbitmq import connection
from windlass_services.streams.rabbitmq.names import Names
from windlass_services.streams.rabbitmq.streams import RabbitStreams

TLS: Final = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {own.certificate}
ssl_options.keyfile = {own.key}
"""
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Generator[RabbitProcess]:
    """A broker that these tests share and may hurt; it speaks TLS as well."""
    folder = tmp_path_factory.mktemp("rabbitmq")
    authority = Authority(folder, "authority")
    own = authority.signed("server")
    settings = TLS.format(port=free_port(), authority=authority.file, own=own)
    with rabbitmq_process(folder, settings) as process:
        yield process


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is said of messages holds with TLS as well."""
    if "rabbitmq_url" in metafunc.fixturenames:
        is_of_messages = metafunc.function.__module__ == test_topics.__name__
        schemes = ["amqp", "amqps"] if is_of_messages else ["amqp"]
        metafunc.parametrize("rabbitmq_url", schemes, indirect=True)


@pytest.fixture
def rabbitmq_url(request: pytest.FixtureRequest) -> str:
    named = named_rabbitmq()
    if named and request.param == "amqp":
        return named
    process: RabbitProcess = request.getfixturevalue("rabbitmq")
    return process.url if request.param == "amqp" else url_with_tls(process)


@pytest.fixture
async def make_streams(rabbitmq_url: str, workspace: str) -> AsyncGenerator[MakeStreams]:
    """What the suite runs on."""

    def open_one(cap: int) -> RabbitStreams:
        return RabbitStreams(rabbitmq_url, workspace=workspace, cap=cap)

    async with opened_by(open_one) as make:
        yield make


@pytest.fixture
def workspace() -> str:
    return uuid4().hex


@pytest.fixture
async def rabbit_streams(rabbitmq: RabbitProcess, workspace: str) -> AsyncGenerator[RabbitStreams]:
    streams = RabbitStreams(rabbitmq.url, workspace=workspace)
    yield streams
    await streams.close()


@pytest.fixture
async def others(rabbitmq: RabbitProcess, workspace: str) -> AsyncGenerator[RabbitStreams]:
    """The same streams, as another process has them."""
    streams = RabbitStreams(rabbitmq.url, workspace=workspace)
    yield streams
    await streams.close()


def message(id: str) -> Message:
    return Message(KEY, id, b"")


async def take_over(streams: RabbitStreams) -> list[Delivery]:
    return await streams.take_over("events", "group", HOME, "one", limit=9)


async def read_next(
    streams: RabbitStreams, wait: timedelta = SOON, limit: int = 9
) -> list[Delivery]:
    return await streams.read("events", "group", HOME, "one", limit=limit, wait=wait)


async def test_who_takes_over_gets_what_the_predecessor_had_first_and_in_order(
    rabbit_streams: RabbitStreams, others: RabbitStreams
) -> None:
    await take_over(rabbit_streams)
    await rabbit_streams.publish("events", [message("a"), message("b"), message("c")])
    had = await read_next(rabbit_streams)
    await rabbit_streams.acknowledge("events", "group", had[:1])
    await rabbit_streams.publish("events", [message("d")])
    assert await take_over(others) == []
    taken = await read_next(others)
    assert ids(taken) == ["b", "c", "d"]
    with pytest.raises(BrokerUnavailable, match="taken over"):
        await read_next(rabbit_streams)
    with pytest.raises(BrokerUnavailable, match="comes again"):
        await rabbit_streams.acknowledge("events", "group", had)
    await others.acknowledge("events", "group", taken)
    assert await others.lag("events", "group") == 0


async def test_a_predecessor_that_waits_for_messages_lets_go_as_well(
    rabbit_streams: RabbitStreams, others: RabbitStreams
) -> None:
    await take_over(rabbit_streams)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expect_unavailable, read_next(rabbit_streams, wait=timedelta(minutes=1)))
        await anyio.wait_all_tasks_blocked()
        await take_over(others)
    await rabbit_streams.publish("events", [message("a")])
    assert ids(await read_next(others)) == ["a"]


async def test_a_connection_that_is_lost_gives_back_what_it_had(
    rabbit_streams: RabbitStreams, others: RabbitStreams
) -> None:
    await take_over(rabbit_streams)
    await rabbit_streams.publish("events", [message("a"), message("b")])
    await read_next(rabbit_streams, limit=1)
    await rabbit_streams.close()
    await take_over(others)
    assert ids(await read_next(others)) == ["a", "b"]


async def test_a_queue_that_goes_missing_is_a_gap(
    rabbit_streams: RabbitStreams, rabbitmq: RabbitProcess, workspace: str
) -> None:
    await read_next(rabbit_streams, wait=AT_ONCE)
    await rabbit_streams.mend("events", "group", await rabbit_streams.gaps("events", "group"))
    assert HOME not in await rabbit_streams.gaps("events", "group")
    async with await aio_pika.connect(rabbitmq.url) as somebody:
        channel = await somebody.channel()
        await channel.queue_delete(Names(workspace).place("events", "group", HOME).queue)
    with pytest.raises(BrokerUnavailable):
        await read_next(rabbit_streams, wait=AT_ONCE)
    await read_next(rabbit_streams, wait=AT_ONCE)
    await rabbit_streams.publish("events", [message("a")])
    assert ids(await read_next(rabbit_streams)) == ["a"]
    assert HOME in await rabbit_streams.gaps("events", "group")


async def test_a_restart_loses_no_message_and_the_table_is_read_again(
    rabbit_streams: RabbitStreams, rabbitmq: RabbitProcess
) -> None:
    handled: list[str] = []
    replayed: set[int] = set()

    async def handle(deliveries: list[Delivery]) -> None:
        handled.extend(ids(deliveries))

    async def replay(partitions: frozenset[int]) -> None:
        replayed.update(partitions)

    async def everything_was() -> bool:
        return len(replayed) == PARTITIONS

    async def has(id: str) -> bool:
        return id in handled

    consumer = Consumer(
        streams=rabbit_streams,
        topic="events",
        group="group",
        name="one",
        owner=OwnsAll(),
        handler=handle,
        replay=replay,
        check_every=timedelta(milliseconds=50),
    )
    await read_next(rabbit_streams, wait=AT_ONCE)
    await rabbit_streams.publish("events", [message("kept")])
    async with (
        rabbit_streams.listen(["runs"]) as announcements,
        rabbit_streams.tail("events") as live,
    ):
        rabbitmq.kill()
        with pytest.raises(BrokerUnavailable):
            await rabbit_streams.publish("events", [message("refused")])
        await rabbit_streams.announce("runs")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consumer.run)
            rabbitmq.start()
            await await_until(everything_was, description="the replay")
            await await_until(partial(has, "kept"), description="the message before the restart")
            with anyio.fail_after(30):
                assert await anext(announcements) == Announcement(resumed=True)
                await rabbit_streams.announce("runs", "again")
                assert await anext(announcements) == Announcement("runs", "again")
                with anyio.move_on_after(0.5):  # it notices, and is there again
                    await anext(live)
                await rabbit_streams.publish("events", [message("after")])
                assert (await anext(live)).id == "after"
            await await_until(partial(has, "after"), description="the message after the restart")
            tasks.cancel_scope.cancel()


async def test_a_broker_that_never_answers_holds_nobody_up(
    rabbit_streams: RabbitStreams, rabbitmq: RabbitProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read_next(rabbit_streams, wait=AT_ONCE)
    rabbitmq.freeze()
    try:
        monkeypatch.setattr(connection, "_LONGEST_CALL", 0.5)
        with anyio.fail_after(10):
            await expect_unavailable(rabbit_streams.publish("events", [message("a")]))
        with anyio.fail_after(1), pytest.raises(BrokerUnavailable, match="a moment ago"):
            await rabbit_streams.publish("events", [message("a")])
    finally:
        rabbitmq.thaw()
    monkeypatch.undo()

    async def answers() -> bool:
        try:
            await rabbit_streams.publish("events", [message("b")])
        except BrokerUnavailable:
            return False
        return True

    await await_until(answers, description="the thawed broker to be used again")


async def test_it_speaks_tls_to_who_can_be_trusted(rabbitmq: RabbitProcess, tmp_path: Path) -> None:
    trusting = RabbitStreams(url_with_tls(rabbitmq))
    careful = RabbitStreams(url_with_tls(rabbitmq, Authority(tmp_path, "stranger").file))
    await expect_trust(trusting, careful)


def url_with_tls(rabbitmq: RabbitProcess, authority: Path | None = None) -> str:
    """Where it speaks TLS, for who trusts this authority; by default its own."""
    settings = (rabbitmq.folder / "rabbitmq.conf").read_text()
    place = settings.split(" = ")[1].split()[0]
    return f"amqps://guest:guest@{place}/?cafile={authority or rabbitmq.folder / 'authority.pem'}"


async def expect_unavailable(call: Awaitable[object]) -> None:
    with pytest.raises(BrokerUnavailable):
        await call
