"""A group learns when it may have missed messages, and says when it made up for them."""

from datetime import timedelta

from tests.conformance.streams.conftest import MakeStreams
from windlass_services.streams.keys import partition_of
from windlass_services.streams.protocol import PARTITIONS, Delivery, Message, Streams

KEY = "run-1"
HOME = partition_of(KEY)
CAP = 10
"""Messages that the small streams of these tests keep in a partition; 11 are let pass."""


async def publish(streams: Streams, first: int, last: int) -> None:
    await streams.publish("events", [Message(KEY, str(n), b"") for n in range(first, last + 1)])


async def read(streams: Streams, limit: int = 1000) -> list[Delivery]:
    return await streams.read("events", "group", HOME, "one", limit=limit, wait=timedelta(0))


async def mended(streams: Streams) -> Streams:
    """The streams, in which the group has begun and misses nothing."""
    await streams.ensure_epoch("events", "the first")
    for partition in range(PARTITIONS):
        await streams.read("events", "group", partition, "one", limit=1, wait=timedelta(0))
    await streams.mend("events", "group", await streams.gaps("events", "group"))
    return streams


async def small(make_streams: MakeStreams) -> Streams:
    return await mended(await make_streams(cap=CAP * PARTITIONS))


async def test_the_first_epoch_stays(streams: Streams) -> None:
    assert await streams.epoch("events") is None
    assert await streams.ensure_epoch("events", "the first") == "the first"
    assert await streams.ensure_epoch("events", "the second") == "the first"
    assert await streams.epoch("events") == "the first"
    assert await streams.epoch("logs") is None


async def test_a_new_group_has_a_gap_everywhere(streams: Streams) -> None:
    assert set(await streams.gaps("events", "group")) == set(range(PARTITIONS))


async def test_a_mended_group_has_no_gap(streams: Streams) -> None:
    await mended(streams)
    await publish(streams, 1, 3)
    assert await streams.gaps("events", "group") == {}
    assert set(await streams.gaps("events", "other group")) == set(range(PARTITIONS))


async def test_over_the_cap_the_oldest_go_and_leave_a_gap(make_streams: MakeStreams) -> None:
    streams = await small(make_streams)
    await publish(streams, 1, 30)
    assert list(await streams.gaps("events", "group")) == [HOME]
    assert [delivery.message.id for delivery in await read(streams)] == [
        str(n) for n in range(21, 31)
    ]
    assert list(await streams.gaps("events", "group")) == [HOME]


async def test_the_lag_counts_nothing_that_is_gone(make_streams: MakeStreams) -> None:
    streams = await small(make_streams)
    await publish(streams, 1, 30)
    assert await streams.lag("events", "group") == CAP
    deliveries = await read(streams, limit=4)
    await streams.acknowledge("events", "group", deliveries)
    assert await streams.lag("events", "group") == CAP - 4
    await streams.acknowledge("events", "group", await read(streams))
    assert await streams.lag("events", "group") == 0


async def test_a_topic_stays_near_its_cap(make_streams: MakeStreams) -> None:
    streams = await make_streams(cap=CAP * PARTITIONS)
    for n in range(100):
        await publish(streams, n, n)
    assert CAP <= await streams.lag("events", "group") <= CAP + CAP // 10


async def test_what_was_finished_may_go_without_a_gap(make_streams: MakeStreams) -> None:
    streams = await small(make_streams)
    for n in range(20):
        await publish(streams, 5 * n, 5 * n + 4)
        await streams.acknowledge("events", "group", await read(streams))
    assert await streams.gaps("events", "group") == {}
    assert await streams.lag("events", "group") == 0


async def test_what_was_delivered_and_not_finished_stays_or_leaves_a_gap(
    make_streams: MakeStreams,
) -> None:
    streams = await small(make_streams)
    await publish(streams, 1, 5)
    delivered = await read(streams)
    await publish(streams, 6, 15)
    has_gap = list(await streams.gaps("events", "group")) == [HOME]
    left = await streams.take_over("events", "group", HOME, "two", limit=9)
    assert left == ([] if has_gap else delivered)
    assert (list(await streams.gaps("events", "group")) == [HOME]) == has_gap


async def test_a_loss_while_a_gap_is_mended_is_another_gap(make_streams: MakeStreams) -> None:
    streams = await small(make_streams)
    await publish(streams, 1, 30)
    gaps = await streams.gaps("events", "group")
    await publish(streams, 31, 60)
    await streams.mend("events", "group", gaps)
    assert list(await streams.gaps("events", "group")) == [HOME]
    await streams.mend("events", "group", await streams.gaps("events", "group"))
    assert await streams.gaps("events", "group") == {}
