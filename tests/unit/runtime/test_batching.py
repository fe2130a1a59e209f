"""Requests that share a batch."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from windlass.exceptions import ServerBusy
from windlass_services.runtime.batching import Answers, Batcher


class Recorder:
    """Answers every request with itself, once a gate is open; knows the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.fault: Callable[[Sequence[str]], Exception | None] = lambda _: None

    async def run(self, requests: Sequence[str]) -> Answers[str]:
        self.batches.append(list(requests))
        await self.gate.wait()
        fault = self.fault(requests)
        if fault is not None:
            raise fault
        return [request.upper() for request in requests]


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


async def asked(*calls: Coroutine[Any, Any, str]) -> list[asyncio.Task[str]]:
    """Ask, and let every batch that can start do so."""
    futures = [asyncio.create_task(call) for call in calls]
    for _ in range(3):
        await asyncio.sleep(0)
    return futures


async def test_what_is_asked_in_one_moment_shares_a_batch(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    recorder.gate.set()
    answers = await asyncio.gather(*(batcher.ask(request) for request in "abc"))
    assert answers == ["A", "B", "C"]
    assert recorder.batches == [["a", "b", "c"]]


async def test_what_waits_meanwhile_shares_the_next_batch(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    first = await asked(batcher.ask("a"))
    rest = await asked(batcher.ask("b"), batcher.ask("c"))
    recorder.gate.set()
    await asyncio.gather(*first, *rest)
    assert recorder.batches == [["a"], ["b", "c"]]


async def test_lanes_work_at_a_time_and_no_more(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run, lanes=2)
    futures = [*await asked(batcher.ask("a")), *await asked(batcher.ask("b"))]
    futures += await asked(batcher.ask("c"))
    assert recorder.batches == [["a"], ["b"]]
    recorder.gate.set()
    await asyncio.gather(*futures)
    assert recorder.batches == [["a"], ["b"], ["c"]]


async def test_a_batch_has_no_more_than_allowed(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run, most=2)
    recorder.gate.set()
    await asyncio.gather(*(batcher.ask(request) for request in "abcde"))
    assert recorder.batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_requests_with_one_key_are_never_under_way_together(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run, lanes=3, key=lambda request: request[0])
    futures = await asked(*(batcher.ask(request) for request in ("a1", "a2", "b1", "a3", "b2")))
    assert recorder.batches == [["a1", "b1"]]
    recorder.gate.set()
    await asyncio.gather(*futures)
    assert recorder.batches == [["a1", "b1"], ["a2", "b2"], ["a3"]]


async def test_a_bad_request_fails_alone(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    recorder.gate.set()
    recorder.fault = lambda requests: ValueError("bad") if "bad" in requests else None
    calls = [batcher.ask(request) for request in ("a", "bad", "c")]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[0] == "A"
    assert isinstance(answers[1], ValueError)
    assert answers[2] == "C"
    assert recorder.batches == [["a", "bad", "c"], ["a"], ["bad"], ["c"]]


async def test_an_answer_that_is_an_exception_is_raised_to_its_caller() -> None:
    async def run(requests: Sequence[int]) -> Answers[int]:
        return [request if request else KeyError("zero") for request in requests]

    batcher = Batcher[int, int](run)
    answers = await asyncio.gather(*(batcher.ask(n) for n in (1, 0)), return_exceptions=True)
    assert answers[0] == 1
    assert isinstance(answers[1], KeyError)


async def test_a_busy_database_is_nobodys_fault(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    recorder.gate.set()
    recorder.fault = lambda _: ServerBusy("down", retry_after=7)
    calls = [batcher.ask(request) for request in "ab"]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [getattr(answer, "retry_after", None) for answer in answers] == [7, 7]
    assert recorder.batches == [["a", "b"]]


async def test_who_stops_waiting_is_left_out(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    first = await asked(batcher.ask("a"))
    second, third = await asked(batcher.ask("b"), batcher.ask("c"))
    second.cancel()
    recorder.gate.set()
    assert await third == "C"
    await asyncio.gather(*first)
    assert recorder.batches == [["a"], ["c"]]


async def test_closing_answers_what_was_asked_and_nothing_after(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    futures = [*await asked(batcher.ask("a")), *await asked(batcher.ask("b"))]
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    with pytest.raises(ServerBusy):
        await batcher.ask("c")
    recorder.gate.set()
    await closing
    assert [future.result() for future in futures] == ["A", "B"]


async def test_a_lane_starts_again_for_what_comes_after_it_ended(recorder: Recorder) -> None:
    batcher = Batcher(recorder.run)
    recorder.gate.set()
    for request in "abc":
        assert await batcher.ask(request) == request.upper()
    assert recorder.batches == [["a"], ["b"], ["c"]]
