"""Redis loses its data, its connections or its life: callers hear of it soon and then go on."""

import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta

import anyio
import pytest

from tests.conformance.streams.redis_process import RedisProcess
from tests.support.waiting import await_until
from windlass_services.streams.consumer import Consumer
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys, partition_of
from windlass_services.streams.ownership import OwnsAll
from windlass_services.streams.protocol import PARTITIONS, Announcement, Delivery, Message
from windlass_services.streams.redis import connection, listener
from windlass_services.streams.redis.streams import RedisStreams

KEY = "run-1"
HOME = partition_of(KEY)
SOON = timedelta(seconds=10)
AT_ONCE = timedelta(0)


def message(id: str) -> Message:
    return Message(KEY, id, b"")


async def read(streams: RedisStreams, wait: timedelta = AT_ONCE) -> list[str]:
    deliveries = await streams.read("events", "group", HOME, "one", limit=9, wait=wait)
    await streams.acknowledge("events", "group", deliveries)
    return [delivery.message.id for delivery in deliveries]


async def mend(streams: RedisStreams) -> None:
    await streams.ensure_epoch("events", "the first")
    for partition in range(PARTITIONS):
        await streams.read("events", "group", partition, "one", limit=1, wait=AT_ONCE)
    await streams.mend("events", "group", await streams.gaps("events", "group"))
    assert await streams.gaps("events", "group") == {}


async def test_a_flush_is_noticed_and_reading_goes_on(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await mend(redis_streams)
    await redis_streams.publish("events", [message("lost")])
    redis_process.command("FLUSHALL")
    assert await redis_streams.epoch("events") is None
    assert await read(redis_streams) == []
    await redis_streams.publish("events", [message("a")])
    assert await read(redis_streams) == ["a"]
    assert set(await redis_streams.gaps("events", "group")) == set(range(PARTITIONS))


async def test_what_is_published_between_a_flush_and_the_next_read_arrives(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    assert await read(redis_streams) == []
    redis_process.command("FLUSHALL")
    await redis_streams.publish("events", [message("a")])
    assert await read(redis_streams) == ["a"]


async def test_a_flush_during_a_mend_leaves_the_gap_open(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await redis_streams.ensure_epoch("events", "the first")
    gaps = await redis_streams.gaps("events", "group")
    redis_process.command("FLUSHALL")
    await redis_streams.mend("events", "group", gaps)
    await redis_streams.ensure_epoch("events", "the second")
    assert set(await redis_streams.gaps("events", "group")) == set(range(PARTITIONS))


async def test_one_stream_that_goes_missing_is_a_gap(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await mend(redis_streams)
    redis_process.command("DEL", Keys("default").stream("events", HOME))
    assert await read(redis_streams) == []
    assert list(await redis_streams.gaps("events", "group")) == [HOME]


async def test_a_waiting_read_survives_a_flush(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    found: list[str] = []

    async def wait_for_one() -> None:
        found.extend(await read(redis_streams, wait=SOON))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_for_one)
        await until_blocked(redis_process)
        redis_process.command("FLUSHALL")
        await redis_streams.publish("events", [message("a")])
    assert found == ["a"]


async def test_a_restart_without_persistence_is_noticed_and_everything_goes_on(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await mend(redis_streams)
    await redis_streams.publish("events", [message("lost")])
    redis_process.kill()
    with pytest.raises(BrokerUnavailable):
        await redis_streams.publish("events", [message("refused")])
    with pytest.raises(BrokerUnavailable):
        await read(redis_streams)
    await redis_streams.announce("runs")
    redis_process.start()
    assert await redis_streams.epoch("events") is None
    await redis_streams.publish("events", [message("a")])
    assert await read(redis_streams) == ["a"]


async def test_a_server_that_never_answers_holds_nobody_up(
    redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_REPLY_TIMEOUT", 0.2)
    redis_streams = RedisStreams(redis_process.url)
    await redis_streams.ping()
    redis_process.freeze()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(expect_unavailable, redis_streams.publish("events", [message("a")]))
            tasks.start_soon(expect_unavailable, read(redis_streams, wait=SOON))
    with anyio.fail_after(1), pytest.raises(BrokerUnavailable, match="a moment ago"):
        await redis_streams.publish("events", [message("a")])
    redis_process.thaw()

    async def answers() -> bool:
        try:
            await redis_streams.publish("events", [message("b")])
        except BrokerUnavailable:
            return False
        return True

    await await_until(answers, description="the thawed server to be used again")
    await redis_streams.close()


async def test_killed_connections_are_replaced(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expect_unavailable, read(redis_streams, wait=SOON))
        await until_blocked(redis_process)
        redis_process.command("CLIENT", "KILL", "TYPE", "normal")
    await redis_streams.publish("events", [message("a")])
    assert await read(redis_streams) == ["a"]


async def test_an_outage_is_logged_once(
    redis_streams: RedisStreams, redis_process: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with redis_streams.listen(["runs"]) as announcements:
            redis_process.kill()
            with anyio.move_on_after(0.5):  # it tries to reconnect several times
                assert await anext(announcements) is None
            for _ in range(3):
                with pytest.raises(BrokerUnavailable):
                    await redis_streams.ping()
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        redis_process.start()
        await redis_streams.ping()
        await redis_streams.ping()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_listener_resumes_after_a_restart(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    async with redis_streams.listen(["runs", "pool:*"]) as announcements:
        redis_process.kill()
        redis_process.start()
        with anyio.fail_after(15):
            assert await anext(announcements) == Announcement(resumed=True)
            await redis_streams.announce("pool:a")
            assert await anext(announcements) == Announcement("pool:a")


async def test_a_listener_notices_a_peer_that_went_silent(
    redis_streams: RedisStreams, redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_QUIET", 0.05)
    monkeypatch.setattr(listener, "_SUBSCRIBED_WITHIN", 0.1)
    async with redis_streams.listen(["runs"]) as announcements:
        with anyio.move_on_after(0.3):  # quiet is no reason to reconnect
            assert await anext(announcements) is None
        redis_process.freeze()
        with anyio.move_on_after(0.5):
            assert await anext(announcements) is None
        redis_process.thaw()
        with anyio.fail_after(15):
            assert (await anext(announcements)).resumed


async def test_a_wait_may_be_given_up_while_it_subscribes_again(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    async with redis_streams.listen(["runs"]) as announcements:
        redis_process.kill()
        redis_process.start()
        redis_process.freeze()
        for _ in range(3):
            with anyio.move_on_after(0.2):
                await anext(announcements)
        redis_process.thaw()
        with anyio.fail_after(15):
            assert await anext(announcements) == Announcement(resumed=True)
            await redis_streams.announce("runs", "again")
            assert await anext(announcements) == Announcement("runs", "again")


async def test_a_subscription_that_was_not_confirmed_is_made_again(
    redis_streams: RedisStreams, redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_SUBSCRIBED_WITHIN", 0.1)
    await read(redis_streams)  # leaves a connection, over which a subscription can be sent
    redis_process.freeze()
    async with redis_streams.listen(["runs"]) as announcements:
        redis_process.thaw()
        with anyio.fail_after(15):
            assert (await anext(announcements)).resumed


async def test_a_listener_and_a_tail_may_open_before_the_server(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    redis_process.kill()
    async with AsyncExitStack() as open_now:
        announcements = await open_now.enter_async_context(redis_streams.listen(["runs"]))
        messages = await open_now.enter_async_context(redis_streams.tail("events"))
        redis_process.start()
        with anyio.fail_after(15):
            assert (await anext(announcements)).resumed
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(expect_message, messages, "a")
                await until_blocked(redis_process)
                await redis_streams.publish("events", [message("a")])


async def test_a_tail_goes_on_after_a_restart(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    async with redis_streams.tail("events") as messages:
        await redis_streams.publish("events", [message("a")])
        assert (await anext(messages)).id == "a"
        redis_process.kill()
        redis_process.start()
        await redis_streams.publish("events", [message("b")])
        with anyio.fail_after(15):
            assert (await anext(messages)).id == "b"


async def test_a_consumer_outlives_a_restart_and_reads_the_table(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    handled: list[str] = []
    replayed: list[int] = []

    async def handle(deliveries: list[Delivery]) -> None:
        handled.extend(delivery.message.id for delivery in deliveries)

    async def replay(partitions: frozenset[int]) -> None:
        replayed.extend(partitions)

    async def is_settled() -> bool:
        return len(replayed) >= PARTITIONS and not await redis_streams.gaps("events", "group")

    async def got(id: str) -> bool:
        return id in handled

    consumer = Consumer(
        streams=redis_streams,
        topic="events",
        group="group",
        name="one",
        owner=OwnsAll(),
        handler=handle,
        replay=replay,
        check_every=timedelta(milliseconds=10),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consumer.run)
        await await_until(is_settled, description="the first replay")
        redis_process.kill()
        replayed.clear()
        redis_process.start()
        await redis_streams.publish("events", [message("a")])
        await await_until(lambda: got("a"), description="the message after the restart")
        await await_until(is_settled, description="the replay after the restart")
        tasks.cancel_scope.cancel()


async def test_a_consumer_reads_the_table_after_an_outage_that_left_no_gap(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await mend(redis_streams)
    replayed: set[int] = set()

    async def handle(deliveries: list[Delivery]) -> None:
        del deliveries

    async def replay(partitions: frozenset[int]) -> None:
        replayed.update(partitions)

    async def everything_was() -> bool:
        return len(replayed) == PARTITIONS

    consumer = Consumer(
        streams=redis_streams,
        topic="events",
        group="group",
        name="one",
        owner=OwnsAll(),
        handler=handle,
        replay=replay,
        check_every=timedelta(milliseconds=10),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consumer.run)
        await until_blocked(redis_process, clients=PARTITIONS)
        assert not replayed
        redis_process.command("CLIENT", "KILL", "TYPE", "normal")
        await await_until(everything_was, description="the replay")
        tasks.cancel_scope.cancel()


async def test_a_take_over_forgets_the_consumers_that_are_gone(
    redis_streams: RedisStreams, redis_process: RedisProcess
) -> None:
    await redis_streams.publish("events", [message("a"), message("b")])
    for consumer in ("gone", "dead"):
        await redis_streams.read("events", "group", HOME, consumer, limit=1, wait=AT_ONCE)
    while taken := await redis_streams.take_over("events", "group", HOME, "new", limit=1):
        await redis_streams.acknowledge("events", "group", taken)
    stream = Keys("default").stream("events", HOME)
    consumers = redis_process.command("XINFO CONSUMERS", stream, "group")
    assert [consumer["name"] for consumer in consumers] == [b"new"]


async def expect_unavailable(call: Awaitable[object]) -> None:
    with pytest.raises(BrokerUnavailable):
        await call


async def expect_message(messages: AsyncIterator[Message], id: str) -> None:
    assert (await anext(messages)).id == id


async def until_blocked(process: RedisProcess, *, clients: int = 1) -> None:
    """Wait until somebody waits in a blocking read."""

    async def is_blocked() -> bool:
        return process.command("INFO", "clients")["blocked_clients"] >= clients

    await await_until(is_blocked, description="a client to be blocked")
