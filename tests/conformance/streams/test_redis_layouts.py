"""Redis of several servers: a master that is replaced, a part of a cluster that goes missing."""

from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.conformance.streams.redis_layouts import (
    SERVICE,
    RedisCluster,
    RedisPair,
    redis_cluster,
    redis_pair,
)
from tests.conformance.streams.redis_process import RedisProcess, Tls
from tests.support.waiting import await_until
from windlass_services.streams.consumer import Consumer
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.keys import Keys, partition_of
from windlass_services.streams.ownership import OwnsAll
from windlass_services.streams.protocol import PARTITIONS, Announcement, Delivery, Message
from windlass_services.streams.redis.streams import RedisStreams

AT_ONCE = timedelta(0)
_ONE_HAS_ALL = b"*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$1\r\na\r\n"
KEYS = {partition_of(f"run-{n}"): f"run-{n}" for n in range(200)}


@pytest.fixture(params=["plain", "tls"])
def spoken(request: pytest.FixtureRequest) -> Tls | None:
    """What the servers speak."""
    return request.getfixturevalue("tls") if request.param == "tls" else None


@pytest.fixture
def pair(tmp_path: Path, spoken: Tls | None) -> Generator[RedisPair]:
    with redis_pair(tmp_path, spoken) as pair:
        yield pair


@pytest.fixture
def cluster(tmp_path: Path, spoken: Tls | None) -> Generator[RedisCluster]:
    with redis_cluster(tmp_path, spoken) as cluster:
        yield cluster


@pytest.fixture
async def pair_streams(pair: RedisPair) -> AsyncGenerator[RedisStreams]:
    streams = RedisStreams(pair.url)
    yield streams
    await streams.close()


@pytest.fixture
async def cluster_streams(cluster: RedisCluster) -> AsyncGenerator[RedisStreams]:
    streams = RedisStreams(cluster.url)
    yield streams
    await streams.close()


async def test_after_a_fail_over_messages_flow_and_the_table_is_read_again(
    pair: RedisPair, pair_streams: RedisStreams
) -> None:
    handled: list[str] = []
    replayed: set[int] = set()

    async def handle(deliveries: list[Delivery]) -> None:
        handled.extend(delivery.message.id for delivery in deliveries)

    async def replay(partitions: frozenset[int]) -> None:
        replayed.update(partitions)

    async def everything_was() -> bool:
        return len(replayed) == PARTITIONS

    async def is_published() -> bool:
        try:
            await pair_streams.publish("events", [Message("run-1", "after", b"")])
        except BrokerUnavailable:
            return False
        return True

    async def arrived() -> bool:
        return "after" in handled

    consumer = Consumer(
        streams=pair_streams,
        topic="events",
        group="group",
        name="one",
        owner=OwnsAll(),
        handler=handle,
        replay=replay,
        check_every=timedelta(milliseconds=10),
    )
    async with anyio.create_task_group() as tasks, pair_streams.listen(["runs"]) as announcements:
        tasks.start_soon(consumer.run)
        await await_until(everything_was, description="the first replay")
        replayed.clear()
        pair.master.kill()
        # The replica may never have heard of the newest messages, and says nothing of it.
        await await_until(is_published, description="the fail-over")
        await await_until(everything_was, description="the replay after the fail-over")
        await await_until(arrived, description="the message")
        with anyio.fail_after(15):
            assert await anext(announcements) == Announcement(resumed=True)
            await pair_streams.announce("runs")
            assert await anext(announcements) == Announcement("runs")
        tasks.cancel_scope.cancel()
    master = pair.sentinel.command("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)
    assert int(master[1]) == pair.replica.port


async def test_a_master_that_was_made_a_replica_is_left(
    pair: RedisPair, pair_streams: RedisStreams
) -> None:
    await pair_streams.ping()
    pair.sentinel.command("SENTINEL FAILOVER", SERVICE)

    async def is_published() -> bool:
        try:
            await pair_streams.publish("events", [Message("run-1", "a", b"")])
            return _holds(pair.replica, partition_of("run-1")) and _is_master(pair.replica)
        except (BrokerUnavailable, RedisConnectionError):  # who becomes a master hangs up on all
            return False

    await await_until(is_published, description="a message on the new master")


async def test_a_server_of_a_cluster_that_lost_its_part_is_a_gap_in_that_part(
    cluster: RedisCluster, cluster_streams: RedisStreams
) -> None:
    await cluster_streams.ensure_epoch("events", "the first")
    for partition in range(PARTITIONS):
        await cluster_streams.read("events", "group", partition, "one", limit=1, wait=AT_ONCE)
    await cluster_streams.mend("events", "group", await cluster_streams.gaps("events", "group"))
    victim = cluster.masters[-1]
    lost = {n for n in range(PARTITIONS) if _holds(victim, n)}
    assert 0 < len(lost) < PARTITIONS
    victim.kill()
    for partition in set(range(PARTITIONS)) - lost:
        await cluster_streams.publish("events", [Message(KEYS[partition], "a", b"")])
    with pytest.raises(BrokerUnavailable):
        await cluster_streams.publish("events", [Message(KEYS[min(lost)], "a", b"")])
    with pytest.raises(BrokerUnavailable):
        await cluster_streams.read("events", "group", min(lost), "one", limit=1, wait=AT_ONCE)
    victim.start()
    cluster.until_whole()
    for partition in range(PARTITIONS):
        await cluster_streams.publish("events", [Message(KEYS[partition], "b", b"")])
        found = await cluster_streams.read(
            "events", "group", partition, "one", limit=9, wait=AT_ONCE
        )
        ids = [delivery.message.id for delivery in found]
        assert ids == (["b"] if partition in lost else ["a", "b"])
    assert set(await cluster_streams.gaps("events", "group")) >= lost


async def test_who_gives_up_while_it_gets_to_know_a_cluster_leaves_no_connection() -> None:
    is_halfway = anyio.Event()
    connected: list[SocketStream] = []

    async def answer(client: SocketStream) -> None:
        """Says which server has what, and not which commands there are."""
        connected.append(client)
        async with client:
            async for said in client:
                if b"SLOTS" in said:
                    await client.send(_ONE_HAS_ALL % port)
                elif b"COMMAND" in said:
                    is_halfway.set()
                else:
                    await client.send(b"+OK\r\n" * said.count(b"*"))
        connected.remove(client)

    async def nobody_is_left() -> bool:
        return not connected

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)
        streams = RedisStreams(f"redis+cluster://127.0.0.1:{port}")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            async with anyio.create_task_group() as asking:
                asking.start_soon(streams.ping)
                await is_halfway.wait()
                asking.cancel_scope.cancel()
            await streams.close()
            await await_until(nobody_is_left, timeout=5, description="the connections to end")
            tasks.cancel_scope.cancel()


def _holds(master: RedisProcess, partition: int) -> bool:
    """Whether this master has the stream of the partition."""
    stream = Keys("default").stream("events", partition)
    return stream.encode() in master.command("KEYS", "*")


def _is_master(server: RedisProcess) -> bool:
    return server.command("INFO", "replication")["role"] == "master"
