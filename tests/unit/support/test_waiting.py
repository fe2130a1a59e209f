"""Waiting for a fact ends with the fact, or says what did not come."""

import itertools

import pytest

from tests.support.waiting import await_until, wait_until


def test_waiting_returns_the_first_true_answer() -> None:
    answers = iter(["", None, "ready"])
    assert wait_until(lambda: next(answers), description="the answer") == "ready"


def test_waiting_in_vain_says_what_for() -> None:
    with pytest.raises(TimeoutError, match="the moon; the last answer was 0"):
        wait_until(lambda: 0, timeout=0.01, description="the moon")


async def test_a_coroutine_waits_likewise() -> None:
    counted = itertools.count()

    async def third() -> bool:
        return next(counted) == 2

    assert await await_until(third, description="the third question")


async def test_a_coroutine_that_waits_in_vain_says_what_for() -> None:
    async def never() -> None:
        return None

    with pytest.raises(TimeoutError, match="the moon"):
        await await_until(never, timeout=0.01, description="the moon")
