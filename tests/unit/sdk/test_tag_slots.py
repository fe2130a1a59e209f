"""Slots of tags that code holds for a task run of its choice."""

from uuid import uuid4

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass.concurrency.v1 import asyncio as asynchronous
from windlass.concurrency.v1.sync import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
    concurrency,
)
from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder

RUN = uuid4()


def test_a_slot_of_each_limited_tag_is_held_for_the_task_run(fake: FakeOrchestration) -> None:
    fake.limits = {"tag:db": 1}
    with concurrency(["db", "free"], RUN):
        assert list(fake.slots.values()) == [(["tag:db"], 1)]
    assert fake.slots == {}
    [asked] = fake.slots_asked
    assert asked.holder == ConcurrencyLeaseHolder(type="task_run", id=RUN)


async def test_asynchronous_code_holds_slots_of_tags_as_well(fake: FakeOrchestration) -> None:
    fake.limits = {"tag:db": 1}
    async with asynchronous.concurrency("db", RUN):
        assert list(fake.slots.values()) == [(["tag:db"], 1)]
        with pytest.raises(AcquireConcurrencySlotTimeoutError):
            async with asynchronous.concurrency("db", uuid4(), timeout_seconds=0.05):
                pass
    assert fake.slots == {}


def test_waiting_for_a_tag_ends_at_its_time_and_a_limit_of_nothing_is_refused(
    fake: FakeOrchestration,
) -> None:
    fake.limits = {"tag:db": 1, "tag:never": 0}
    with (
        concurrency("db", RUN),
        pytest.raises(TimeoutError, match=r"not free within 0\.05 seconds"),
        concurrency("db", uuid4(), timeout_seconds=0.05),
    ):
        pass
    with pytest.raises(ConcurrencySlotAcquisitionError), concurrency("never", RUN):
        pass


def test_no_tags_ask_for_nothing(fake: FakeOrchestration) -> None:
    with concurrency([], RUN):
        pass
    assert fake.slots_asked == []
