"""Messages go to durable groups: in order per key, each to one consumer, until acknowledged."""

from collections.abc import Sequence
from datetime import timedelta

import anyio

from windlass_services.streams.keys import partition_of
from windlass_services.streams.protocol import PARTITIONS, Delivery, Message, Streams

AT_ONCE = timedelta(0)
SOON = timedelta(seconds=10)
KEY = "run-1"
HOME = partition_of(KEY)


def messages(*ids: str, key: str = KEY) -> list[Message]:
    return [Message(key=key, id=id, body=f"body of {id}".encode()) for id in ids]


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.message.id for delivery in deliveries]


async def read(
    streams: Streams, consumer: str = "one", *, limit: int = 100, wait: timedelta = AT_ONCE
) -> list[Delivery]:
    return await streams.read("events", "group", HOME, consumer, limit=limit, wait=wait)


async def test_a_message_arrives_as_it_was_published(wide_streams: Streams) -> None:
    message = Message(key="run-ä", id="event-1", body=b"\x00\xff\r\n")
    await wide_streams.publish("events", [message])
    partition = partition_of("run-ä")
    [delivery] = await wide_streams.read("events", "group", partition, "one", limit=1, wait=SOON)
    assert delivery.message == message
    assert (delivery.topic, delivery.partition) == ("events", partition)


async def test_messages_of_a_key_keep_their_order_over_many_publishes(
    wide_streams: Streams,
) -> None:
    keys = [f"run-{n}" for n in range(40)]
    for turn in range(5):
        await wide_streams.publish("events", [Message(key, f"{turn}", b"") for key in keys])
    seen: dict[str, list[str]] = {key: [] for key in keys}
    for partition in range(PARTITIONS):
        for delivery in await wide_streams.read(
            "events", "group", partition, "one", limit=1000, wait=AT_ONCE
        ):
            assert delivery.partition == partition_of(delivery.message.key)
            seen[delivery.message.key].append(delivery.message.id)
    assert seen == {key: ["0", "1", "2", "3", "4"] for key in keys}


async def test_publishing_nothing_is_fine(streams: Streams) -> None:
    await streams.publish("events", [])
    assert await read(streams) == []


async def test_a_read_waits_for_the_first_message(streams: Streams) -> None:
    arrived: list[str] = []

    async def wait_for_one() -> None:
        arrived.extend(ids(await read(streams, wait=SOON)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_for_one)
        await anyio.wait_all_tasks_blocked()
        assert arrived == []
        await streams.publish("events", messages("a"))
    assert arrived == ["a"]


async def test_a_read_without_messages_ends_after_its_wait(streams: Streams) -> None:
    with anyio.fail_after(10):
        assert await read(streams, wait=timedelta(milliseconds=20)) == []


async def test_a_read_returns_no_more_than_its_limit(streams: Streams) -> None:
    await streams.publish("events", messages("a", "b", "c"))
    assert ids(await read(streams, limit=2)) == ["a", "b"]
    assert ids(await read(streams, limit=2)) == ["c"]


async def test_two_consumers_of_a_group_never_get_the_same_message(streams: Streams) -> None:
    everything = [str(n) for n in range(300)]
    got: dict[str, list[str]] = {"one": [], "two": []}

    async def consume(consumer: str) -> None:
        while deliveries := await read(streams, consumer, limit=7):
            got[consumer] += ids(deliveries)

    await streams.publish("events", messages(*everything))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume, "one")
        tasks.start_soon(consume, "two")
    assert sorted(got["one"] + got["two"], key=int) == everything


async def test_every_group_gets_every_message(streams: Streams) -> None:
    await streams.publish("events", messages("a"))
    for group in ("recorder", "evaluator"):
        found = await streams.read("events", group, HOME, "one", limit=9, wait=AT_ONCE)
        assert ids(found) == ["a"]


async def test_topics_do_not_mix(streams: Streams) -> None:
    await streams.publish("events", messages("a"))
    assert await streams.read("logs", "group", HOME, "one", limit=9, wait=AT_ONCE) == []


async def test_what_was_not_acknowledged_can_be_taken_over(streams: Streams) -> None:
    await streams.publish("events", messages("a", "b", "c"))
    deliveries = await read(streams, "predecessor")
    await streams.acknowledge("events", "group", deliveries[:1])
    taken = await streams.take_over("events", "group", HOME, "successor", limit=9)
    assert taken == deliveries[1:]


async def test_a_take_over_goes_on_until_everything_is_acknowledged(streams: Streams) -> None:
    await streams.publish("events", messages("a", "b", "c", "d", "e"))
    await read(streams, "predecessor", limit=4)
    taken: list[str] = []
    while deliveries := await streams.take_over("events", "group", HOME, "successor", limit=3):
        taken += ids(deliveries)
        await streams.acknowledge("events", "group", deliveries)
    assert taken == ["a", "b", "c", "d"]
    assert ids(await read(streams, "successor")) == ["e"]


async def test_there_is_nothing_to_take_over_in_a_group_that_never_was(streams: Streams) -> None:
    assert await streams.take_over("events", "group", HOME, "one", limit=9) == []


async def test_acknowledging_twice_changes_nothing(streams: Streams) -> None:
    await streams.publish("events", messages("a"))
    deliveries = await read(streams)
    await streams.acknowledge("events", "group", deliveries)
    await streams.acknowledge("events", "group", deliveries)
    assert await streams.lag("events", "group") == 0


async def test_the_lag_is_what_the_group_has_not_acknowledged(wide_streams: Streams) -> None:
    assert await wide_streams.lag("events", "group") == 0
    await wide_streams.publish("events", messages("a", "b", "c"))
    await wide_streams.publish("events", messages("d", key="another run"))
    assert await wide_streams.lag("events", "group") == 4
    deliveries = await read(wide_streams, limit=2)
    assert await wide_streams.lag("events", "group") == 4
    await wide_streams.acknowledge("events", "group", deliveries)
    assert await wide_streams.lag("events", "group") == 2


async def test_dead_letters_are_kept_with_their_reason_newest_first(streams: Streams) -> None:
    await streams.publish("events", messages("a", "b"))
    first, second = await read(streams)
    await streams.dead_letter(first, "ValueError: no")
    await streams.dead_letter(second, "KeyError: 'x'")
    letters = await streams.dead_letters("events", limit=10)
    assert [(letter.delivery, letter.reason) for letter in letters] == [
        (second, "KeyError: 'x'"),
        (first, "ValueError: no"),
    ]
    assert letters[0].at >= letters[1].at
    assert len(await streams.dead_letters("events", limit=1)) == 1
    assert await streams.dead_letters("events", limit=0) == []
    assert await streams.dead_letters("logs", limit=10) == []


async def test_redriven_dead_letters_are_consumed_as_new_messages_are(streams: Streams) -> None:
    sent = Message(KEY, "a", b"x", done_for=("other",))
    await streams.publish("events", [sent, *messages("b", "c")])
    for delivery in await read(streams):
        await streams.dead_letter(delivery, "KeyError: 'x'")
        await streams.acknowledge("events", "group", [delivery])
    assert await streams.redrive("events", ["c", "none"]) == 1
    assert ids(await read(streams, wait=SOON)) == ["c"]
    assert await streams.redrive("logs", None) == 0
    assert await streams.redrive("events", None) == 2
    # The oldest first, as they were, and once.
    again = await read(streams, wait=SOON)
    assert [delivery.message for delivery in again] == [sent, *messages("b")]
    assert await streams.dead_letters("events", limit=10) == []
    assert await streams.redrive("events", None) == 0


async def test_all_dead_letters_are_redriven_however_many(streams: Streams) -> None:
    count = 700
    await streams.publish("events", messages(*map(str, range(count))))
    for delivery in await read(streams, limit=count):
        await streams.dead_letter(delivery, "no")
        await streams.acknowledge("events", "group", [delivery])
    assert await streams.redrive("events", None) == count
    assert ids(await read(streams, limit=count, wait=SOON)) == [str(n) for n in range(count)]


async def test_it_answers(streams: Streams) -> None:
    await streams.ping()
