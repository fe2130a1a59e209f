"""Duties, their silence, and what the probes say of it."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import anyio
import anyio.lowlevel
import httpx
import pytest

from windlass_services.runtime.health import live_answer, ready_answer
from windlass_services.runtime.loop import Duty, perform
from windlass_services.runtime.probe_app import ProbeApp
from windlass_services.runtime.pulse import Pulse


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pulse_of(hand: Hand) -> Pulse:
    pulse = Pulse(hand)
    pulse.expect("loop", timedelta(seconds=10))
    return pulse


def test_a_loop_is_late_when_it_is_silent_for_too_long() -> None:
    hand = Hand()
    pulse = pulse_of(hand)
    hand.now += 10
    assert pulse.late() == []
    hand.now += 1
    assert (pulse.late(), pulse.ages()) == (["loop"], {"loop": 11.0})
    pulse.beat("loop")
    assert pulse.late() == []


def test_a_loop_that_ended_in_order_is_not_missed() -> None:
    hand = Hand()
    pulse = pulse_of(hand)
    pulse.forget("loop")
    hand.now += 100
    assert pulse.late() == []


def test_a_silent_loop_makes_the_process_not_live() -> None:
    hand = Hand()
    pulse = pulse_of(hand)
    assert live_answer(pulse) == (200, {"live": True, "silent": [], "loop_ages": {"loop": 0.0}})
    hand.now += 11
    status, body = live_answer(pulse)
    assert (status, body["silent"]) == (503, ["loop"])


async def test_what_does_not_answer_is_named() -> None:
    async def answers() -> None: ...

    async def fails() -> None:
        raise OSError("nobody there")

    assert (await ready_answer({"database": answers}))[0] == 200
    status, body = await ready_answer({"database": answers, "broker": fails})
    assert (status, body) == (503, {"ready": False, "problems": {"broker": "nobody there"}})


async def test_a_failing_pass_is_logged_and_shows_as_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hand = Hand()
    pulse = Pulse(hand)
    beaten: list[float] = []
    is_over = anyio.Event()

    async def once() -> int:
        beaten.append(pulse.ages()["loop"])
        hand.now += 50
        if len(beaten) == 3:
            is_over.set()
        if len(beaten) > 1:
            raise ValueError("no colour")
        return 0

    async def at_once() -> None: ...

    duty = Duty("loop", timedelta(seconds=20), once, wake=at_once, timeout=timedelta(seconds=1))
    with caplog.at_level(logging.ERROR):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(perform, duty, pulse)
            await is_over.wait()
            tasks.cancel_scope.cancel()
    assert beaten[:3] == [0.0, 0.0, 50.0]
    assert "The duty loop failed" in caplog.text
    assert pulse.late() == ["loop"]


async def test_a_full_pass_is_followed_by_the_next_without_a_rest() -> None:
    found = [5, 5, 1]
    is_over = anyio.Event()

    async def once() -> int:
        done = found.pop(0)
        if not found:
            is_over.set()
        return done

    duty = Duty("loop", timedelta(days=1), once, busy_at=5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, duty, Pulse())
        await is_over.wait()
        tasks.cancel_scope.cancel()


async def performed_until_cancelled(once: Callable[[], Awaitable[int]], grace: float) -> None:
    """Cancel the loop while a pass is under way, and wait for its end."""
    begun = anyio.Event()

    async def told() -> int:
        begun.set()
        return await once()

    # Busy, so that a second pass would begin at once.
    duty = Duty("loop", timedelta(days=1), told, busy_at=1)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(perform, duty, Pulse(), timedelta(seconds=grace))
            await begun.wait()
            tasks.cancel_scope.cancel()


async def test_a_pass_that_is_under_way_comes_to_its_end() -> None:
    passes: list[str] = []

    async def once() -> int:
        passes.append("begun")
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        passes.append("ended")
        return 1

    await performed_until_cancelled(once, grace=60)
    assert passes == ["begun", "ended"]


@pytest.mark.parametrize("grace", [0, 0.01])
async def test_a_pass_that_takes_longer_than_the_grace_is_cancelled(grace: float) -> None:
    ended: list[str] = []

    async def once() -> int:
        await anyio.sleep_forever()
        ended.append("never")
        return 1

    await performed_until_cancelled(once, grace)
    assert ended == []


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/health/live", 200, '"live": true'),
        ("/health/ready", 503, "nobody there"),
        ("/metrics", 200, "python_info"),
        ("/api/flows", 404, "Not found"),
    ],
)
async def test_the_probes_answer(path: str, status: int, words: str) -> None:
    async def fails() -> None:
        raise OSError("nobody there")

    wire = httpx.ASGITransport(app=ProbeApp(Pulse(), {"broker": fails}))
    async with httpx.AsyncClient(transport=wire, base_url="http://probe") as probe:
        answer = await probe.get(path)
    assert answer.status_code == status
    assert words in answer.text
