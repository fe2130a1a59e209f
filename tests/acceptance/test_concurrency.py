"""Slots of concurrency limits, held by real runs on a real server."""

import time
from collections.abc import Iterable
from itertools import pairwise

import pytest

from tests.support.command import done
from windlass import flow, task
from windlass.concurrency import asyncio as asynchronous
from windlass.concurrency.sync import (
    ConcurrencySlotAcquisitionError,
    concurrency,
    rate_limit,
)
from windlass.ids import uuid7

pytestmark = pytest.mark.usefixtures("api")

Span = tuple[float, float]


def occupied(name: str) -> int:
    shown: int = done("gcl", "inspect", name, "-o", "json").json["active_slots"]
    return shown


def are_apart(spans: Iterable[Span]) -> bool:
    return all(end <= start for (_, end), (start, _) in pairwise(sorted(spans)))


@pytest.fixture
def limit() -> str:
    name = f"limit-{uuid7()}"
    done("gcl", "create", name, "--limit", "1")
    return name


async def test_slots_are_seen_by_everybody_while_they_are_held(limit: str) -> None:
    with concurrency(limit):
        assert occupied(limit) == 1
    async with asynchronous.concurrency(limit, lease_duration=60):
        assert occupied(limit) == 1
    assert occupied(limit) == 0


def test_tasks_with_a_limited_tag_run_one_after_the_other() -> None:
    tag = f"tag-{uuid7()}"
    done("concurrency-limit", "create", tag, "1")
    spans: list[Span] = []

    @task(tags=[tag])
    def query() -> None:
        start = time.monotonic()
        assert (
            len(done("concurrency-limit", "inspect", tag, "-o", "json").json["active_slots"]) == 1
        )
        spans.append((start, time.monotonic()))

    @flow
    def nightly() -> None:
        for future in [query.submit() for _ in range(3)]:
            future.result()

    nightly()
    assert len(spans) == 3
    assert are_apart(spans)


def test_a_tag_that_is_closed_ends_its_tasks() -> None:
    tag = f"tag-{uuid7()}"
    done("concurrency-limit", "create", tag, "0")

    @task(tags=[tag])
    def query() -> None: ...

    with pytest.raises(ConcurrencySlotAcquisitionError, match=tag):
        query()


def test_a_rate_limit_lets_pass_what_decay_frees() -> None:
    name = f"limit-{uuid7()}"
    done("gcl", "create", name, "--limit", "1", "--slot-decay-per-second", "5")
    start = time.monotonic()
    for _ in range(4):
        rate_limit(name)
    # Three of them had to wait until a fifth of a second had freed a slot.
    assert time.monotonic() - start >= 0.6


def test_a_limit_without_decay_limits_no_rate(limit: str) -> None:
    with pytest.raises(ConcurrencySlotAcquisitionError):
        rate_limit(limit)
