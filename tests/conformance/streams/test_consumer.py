"""A consumer handles what its partitions bring, whatever happens to a message or a partition."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio

from tests.conformance.streams.conftest import MakeStreams
from tests.support.waiting import await_until
from windlass_services.streams.consumer import Consumer, Progress
from windlass_services.streams.handover import ATTEMPTS, Handler
from windlass_services.streams.keys import partition_of
from windlass_services.streams.ownership import OwnsAll
from windlass_services.streams.protocol import PARTITIONS, Delivery, Message, Streams

OFTEN = timedelta(milliseconds=5)
KEY = "run-1"
HOME = partition_of(KEY)


@dataclass
class Recorder:
    """A handler that remembers, and fails where it is told to."""

    handled: list[str] = field(default_factory=list[str])
    batches: list[int] = field(default_factory=list[int])
    attempts: list[list[str]] = field(default_factory=list[list[str]])
    poison: frozenset[str] = frozenset()
    error: Exception | None = None

    async def __call__(self, deliveries: list[Delivery]) -> None:
        ids = [delivery.message.id for delivery in deliveries]
        self.attempts.append(ids)
        if self.error is not None:
            raise self.error
        if self.poison.intersection(ids):
            raise ValueError("cannot read this")
        self.handled += ids
        self.batches.append(len(ids))


@dataclass
class Chosen:
    """Ownership that a test decides."""

    partitions: frozenset[int] = frozenset()

    async def owned(self) -> frozenset[int]:
        return self.partitions


@asynccontextmanager
async def consuming(streams: Streams, recorder: Handler, **options: Any) -> AsyncGenerator[None]:
    settings: dict[str, Any] = {"name": "one", "owner": OwnsAll(), "check_every": OFTEN, **options}
    consumer = Consumer(
        streams=streams, topic="events", group="group", handler=recorder, **settings
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consumer.run)
        yield
        tasks.cancel_scope.cancel()


async def publish(streams: Streams, *ids: str, key: str = KEY) -> None:
    await streams.publish("events", [Message(key, id, b"") for id in ids])


async def until_finished(streams: Streams, *, but: int = 0) -> None:
    """Wait until all but so many messages are acknowledged."""

    async def is_finished() -> bool:
        return await streams.lag("events", "group") == but

    await await_until(is_finished, description="the group to finish")


async def until(predicate: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return predicate()

    await await_until(holds, description="the consumer to get there")


def least_successful(noted: list[datetime]) -> Progress:
    """Note when the least successful loop last succeeded."""

    def note(least: datetime, _: Mapping[int, datetime]) -> None:
        noted.append(least)

    return note


def finished_at_home(noted: list[datetime | None]) -> Progress:
    """Note until when everything of the partition HOME is done."""

    def note(_: datetime, finished_until: Mapping[int, datetime]) -> None:
        noted.append(finished_until.get(HOME))

    return note


async def test_everything_is_handled_and_acknowledged(wide_streams: Streams) -> None:
    recorder = Recorder()
    await wide_streams.publish("events", [Message(f"run-{n}", f"{n}", b"") for n in range(100)])
    async with consuming(wide_streams, recorder):
        await wide_streams.publish(
            "events", [Message(f"run-{n}", f"{n}", b"") for n in range(100, 200)]
        )
        await until_finished(wide_streams)
    assert sorted(recorder.handled, key=int) == [str(n) for n in range(200)]


async def test_what_was_done_for_the_group_already_is_passed_over(streams: Streams) -> None:
    recorder = Recorder()
    done = Message(KEY, "done", b"", done_for=("other", "group"))
    for_others = Message(KEY, "to do", b"", done_for=("other",))
    async with consuming(streams, recorder):
        await streams.publish("events", [done, for_others])
        await until_finished(streams)
    assert recorder.handled == ["to do"]


async def test_messages_of_a_key_are_handled_in_order(streams: Streams) -> None:
    recorder = Recorder()
    expected = [str(n) for n in range(50)]
    async with consuming(streams, recorder, batch=7):
        for id in expected:
            await publish(streams, id)
        await until_finished(streams)
    assert recorder.handled == expected


async def test_a_batch_lingers_for_more_messages(streams: Streams) -> None:
    recorder, owner = Recorder(), Chosen(frozenset({HOME}))
    async with consuming(streams, recorder, owner=owner, linger=timedelta(milliseconds=100)):
        await publish(streams, "a")
        await await_until(
            partial(streams.take_over, "events", "group", HOME, "one", limit=1),
            description="the first message to be delivered",
        )
        await publish(streams, "b")
        await until_finished(streams)
    assert recorder.batches == [2]


async def test_a_message_that_always_fails_is_set_aside_and_the_others_go_on(
    streams: Streams,
) -> None:
    recorder = Recorder(poison=frozenset({"bad"}))
    await publish(streams, "a", "bad", "b")
    async with consuming(streams, recorder):
        await until_finished(streams)
        await publish(streams, "c")
        await until_finished(streams)
    assert recorder.handled == ["a", "b", "c"]
    assert recorder.attempts.count(["bad"]) == ATTEMPTS == 3
    [letter] = await streams.dead_letters("events", limit=10)
    assert letter.delivery.message.id == "bad"
    assert letter.reason == "ValueError: cannot read this"


async def test_an_error_that_time_repairs_condemns_no_message(streams: Streams) -> None:
    recorder = Recorder(error=ConnectionRefusedError("the database is away"))
    await publish(streams, "a", "b")
    async with consuming(streams, recorder):
        await until(lambda: len(recorder.attempts) > ATTEMPTS)
        recorder.error = None
        await until_finished(streams)
    assert recorder.handled == ["a", "b"]
    assert await streams.dead_letters("events", limit=10) == []


async def test_only_owned_partitions_are_read(wide_streams: Streams) -> None:
    recorder, owner = Recorder(), Chosen(frozenset({HOME}))
    elsewhere = next(f"run-{n}" for n in range(99) if partition_of(f"run-{n}") != HOME)
    async with consuming(wide_streams, recorder, owner=owner):
        await publish(wide_streams, "not ours", key=elsewhere)
        await publish(wide_streams, "ours")
        await until(lambda: bool(recorder.handled))
        owner.partitions = frozenset({partition_of(elsewhere)})
        await until_finished(wide_streams)
        await publish(wide_streams, "no longer ours")
        await publish(wide_streams, "now ours", key=elsewhere)
        await until(lambda: len(recorder.handled) == 3)
        await until_finished(wide_streams, but=1)
    assert recorder.handled == ["ours", "not ours", "now ours"]


async def test_a_new_owner_begins_with_what_the_old_one_left(streams: Streams) -> None:
    await publish(streams, "a", "b", "c")
    for _ in range(2):  # one dies with its delivery
        await streams.read("events", "group", HOME, "dead", limit=1, wait=timedelta(0))
    recorder = Recorder()
    async with consuming(streams, recorder):
        await until_finished(streams)
    assert recorder.handled == ["a", "b", "c"]


async def test_a_stuck_partition_does_not_hold_up_the_others(wide_streams: Streams) -> None:
    keys = {partition_of(f"run-{n}"): f"run-{n}" for n in range(200)}
    assert len(keys) == PARTITIONS
    handled: set[int] = set()
    released = anyio.Event()

    async def handle(deliveries: list[Delivery]) -> None:
        if deliveries[0].partition == HOME:
            await released.wait()
        handled.add(deliveries[0].partition)

    consumer = Consumer(
        streams=wide_streams,
        topic="events",
        group="group",
        name="one",
        owner=OwnsAll(),
        handler=handle,
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consumer.run)
        for key in keys.values():
            await publish(wide_streams, "a", key=key)
        await until(lambda: len(handled) == PARTITIONS - 1)
        released.set()
        await until_finished(wide_streams)
        tasks.cancel_scope.cancel()
    assert handled == set(keys)


async def test_a_new_group_reads_the_table_once(streams: Streams) -> None:
    replayed: list[frozenset[int]] = []

    async def replay(partitions: frozenset[int]) -> None:
        replayed.append(partitions)

    async def has_no_gap() -> bool:
        return not await streams.gaps("events", "group")

    async with consuming(streams, Recorder(), replay=replay):
        await await_until(has_no_gap, description="the gaps to be mended")
    assert sorted(partition for some in replayed for partition in some) == [*range(PARTITIONS)]


async def test_only_owned_partitions_are_mended(streams: Streams) -> None:
    async def replay(partitions: frozenset[int]) -> None:
        assert partitions == {HOME}

    async def is_mended() -> bool:
        return HOME not in await streams.gaps("events", "group")

    async with consuming(streams, Recorder(), owner=Chosen(frozenset({HOME})), replay=replay):
        await await_until(is_mended, description="the gap to be mended")
    assert len(await streams.gaps("events", "group")) == PARTITIONS - 1


async def test_a_gap_is_mended_from_the_table(make_streams: MakeStreams) -> None:
    streams = await make_streams(cap=10 * PARTITIONS)
    replayed: list[frozenset[int]] = []
    away = True

    async def replay(partitions: frozenset[int]) -> None:
        if away:
            raise ConnectionRefusedError("the database is away")
        replayed.append(partitions)

    async def has_no_gap() -> bool:
        return not await streams.gaps("events", "group")

    owner = Chosen(frozenset({HOME}))
    async with consuming(streams, Recorder(), owner=owner, replay=replay):
        await publish(streams, *(str(n) for n in range(50)))
        await until_finished(streams)
        away = False
        owner.partitions = frozenset(range(PARTITIONS))
        await await_until(has_no_gap, description="the gaps to be mended")
    assert HOME in replayed[0]


async def test_progress_is_that_of_the_least_successful_loop(streams: Streams) -> None:
    hour = timedelta(hours=1)
    now = datetime(2025, 1, 1, tzinfo=UTC)
    progress: list[datetime] = []
    recorder = Recorder(error=ConnectionRefusedError("the database is away"))
    options = partial(dict[str, Any], clock=lambda: now, progress=least_successful(progress))
    await publish(streams, "a")
    async with consuming(streams, recorder, owner=Chosen(frozenset({HOME})), **options()):
        await until(lambda: bool(recorder.attempts))
        now += hour
        reports = len(progress)
        await until(lambda: len(progress) > reports + 3)
        assert progress[-1] == now - hour
        recorder.error = None
        await until(lambda: progress[-1] == now)


async def test_a_consumer_that_owns_nothing_makes_progress_too(streams: Streams) -> None:
    progress: list[datetime] = []
    noted = least_successful(progress)
    async with consuming(streams, Recorder(), owner=Chosen(), progress=noted):
        await until(lambda: len(progress) > 1)
    assert progress == sorted(progress)


async def test_a_partition_is_done_until_there_was_nothing_more_to_read(streams: Streams) -> None:
    """Not until its last success: with messages left to read, nobody knows how old these are."""
    began = now = datetime(2025, 1, 1, tzinfo=UTC)
    done: list[datetime | None] = []
    allowed = anyio.Semaphore(0)

    batches: list[int] = []

    async def handle(deliveries: list[Delivery]) -> None:
        await allowed.acquire()
        batches.append(len(deliveries))

    async def replay(_: frozenset[int]) -> None:
        pass

    options: dict[str, Any] = {
        "owner": Chosen(frozenset({HOME})),
        "clock": lambda: now,
        "progress": finished_at_home(done),
        "replay": replay,
        "batch": 2,
    }
    async with consuming(streams, handle, **options):
        await until(lambda: bool(done) and done[-1] == began)
        await publish(streams, *"abcdef")
        now += timedelta(hours=1)
        allowed.release()  # what a read brought that was begun before
        allowed.release()
        await until(lambda: len(batches) == 2)
        reports = len(done)
        await until(lambda: len(done) > reports + 5)
        assert done[-1] == began
        for _ in range(5):
            allowed.release()
        await until_finished(streams)
        await publish(streams, "g")
        await until(lambda: done[-1] == now)


async def test_nothing_is_done_of_a_stream_that_lost_messages_until_the_table_is_read(
    streams: Streams,
) -> None:
    """Whatever is read of it. To a new group, every stream is one that did."""
    now = datetime(2025, 1, 1, tzinfo=UTC)
    done: list[datetime | None] = []
    away = True

    async def replay(_: frozenset[int]) -> None:
        if away:
            raise ConnectionRefusedError("the database is away")

    options: dict[str, Any] = {
        "owner": Chosen(frozenset({HOME})),
        "clock": lambda: now,
        "progress": finished_at_home(done),
        "replay": replay,
    }
    async with consuming(streams, Recorder(), **options):
        for message in "ab":
            await publish(streams, message)
            await until_finished(streams)
        reports = len(done)
        await until(lambda: len(done) > reports + 5)
        assert done[-1] is None
        away = False
        await until(lambda: done[-1] == now)
