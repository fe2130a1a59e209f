"""Reads that are shared by who asks at the same time."""

import anyio
import pytest

from windlass_services.orchestration.shared_reads import SharedReads


class Source:
    """Answers with how often it was read, when it is let."""

    def __init__(self) -> None:
        self.reads = 0
        self.may_answer = anyio.Event()

    async def fetch(self) -> int:
        self.reads += 1
        mine = self.reads
        await self.may_answer.wait()
        return mine


async def test_who_asks_at_the_same_time_shares_one_read() -> None:
    shared, source = SharedReads[int](), Source()
    answers: list[int] = []

    async def ask() -> None:
        answers.append(await shared.read("flow", source.fetch))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        source.may_answer.set()
    assert answers == [1, 1, 1]


async def test_nothing_is_kept_for_who_asks_later() -> None:
    shared, source = SharedReads[int](), Source()
    source.may_answer.set()
    assert [await shared.read("flow", source.fetch) for _ in range(2)] == [1, 2]


async def test_another_key_is_another_read() -> None:
    shared, source = SharedReads[int](), Source()
    source.may_answer.set()
    assert await shared.read("one", source.fetch) != await shared.read("other", source.fetch)


async def test_when_the_reader_goes_away_who_waited_reads_for_itself() -> None:
    shared, source = SharedReads[int](), Source()
    answers: list[int] = []

    async def ask() -> None:
        answers.append(await shared.read("flow", source.fetch))

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as first:
            async with anyio.create_task_group() as reader:
                reader.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
                first.cancel()
        source.may_answer.set()
    assert answers == [2]


async def test_a_failure_is_the_readers_own() -> None:
    async def fail() -> int:
        raise LookupError("no flow")

    shared = SharedReads[int]()
    with pytest.raises(LookupError):
        await shared.read("flow", fail)
    source = Source()
    source.may_answer.set()
    assert await shared.read("flow", source.fetch) == 1
