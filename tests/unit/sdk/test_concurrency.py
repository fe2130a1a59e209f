"""Slots of concurrency limits, in user code and around tasks with tags."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from time import monotonic
from uuid import UUID, uuid4

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from tests.support.waiting import wait_until
from windlass import flow, task
from windlass.concurrency import asyncio as asynchronous
from windlass.concurrency.interruptions import LeaseIsOver
from windlass.concurrency.sync import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
    concurrency,
    rate_limit,
)
from windlass.engine.session import Session
from windlass.engine.slot_leases import LeaseKeeper
from windlass.exceptions import ServerUnreachable, SlotsTaken, Superseded
from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder, SlotsToLease


def test_slots_are_held_in_the_block_and_given_back(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 2, "b": 3}
    with concurrency(["a", "b"], occupy=2):
        assert list(fake.slots.values()) == [(["a", "b"], 2)]
    assert fake.slots == {}


def test_an_error_in_the_block_gives_the_slots_back(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    with pytest.raises(ValueError, match="mine"), concurrency("a"):
        raise ValueError("mine")
    assert fake.slots == {}


async def test_asynchronous_code_holds_slots_as_well(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    async with asynchronous.concurrency("a", lease_duration=60):
        assert list(fake.slots.values()) == [(["a"], 1)]
    assert fake.slots == {}


def test_no_names_ask_for_nothing(fake: FakeOrchestration) -> None:
    with concurrency([]):
        pass
    assert fake.slots_asked == []


def test_what_is_asked_for_is_sent(fake: FakeOrchestration) -> None:
    holder = ConcurrencyLeaseHolder(type="flow_run", id=uuid4())
    with concurrency("a", occupy=3, lease_duration=90, holder=holder):
        pass
    assert fake.slots_asked == [
        SlotsToLease(names=["a"], slots=3, lease_duration=90, holder=holder)
    ]


def test_who_finds_no_slot_waits_for_one(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    held: list[int] = []

    def work() -> None:
        with concurrency("a"):
            held.append(len(fake.slots))

    at_once(work, 5)
    assert held == [1] * 5
    assert fake.slots == {}


def test_waiting_ends_at_its_time(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    with (
        concurrency("a"),
        pytest.raises(TimeoutError, match=r"not free within 0\.05 seconds"),
        concurrency("a", timeout_seconds=0.05),
    ):
        pass
    assert issubclass(AcquireConcurrencySlotTimeoutError, TimeoutError)


async def test_waiting_ends_after_so_many_attempts(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    asked = 0
    answer = fake.take_slots

    def counted(request: SlotsToLease) -> object:
        nonlocal asked
        asked += 1
        return answer(request)

    async with asynchronous.concurrency("a"):
        fake.take_slots = counted  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(ConcurrencySlotAcquisitionError) as caught:
            async with asynchronous.concurrency("a", max_retries=2):
                pass
    assert asked == 3
    assert isinstance(caught.value.__cause__, SlotsTaken)


def test_more_than_a_limit_has_is_refused(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    with pytest.raises(ConcurrencySlotAcquisitionError, match="'a'"), concurrency("a", occupy=2):
        pass


def test_a_name_without_a_limit_is_warned_of(
    fake: FakeOrchestration, caplog: pytest.LogCaptureFixture
) -> None:
    fake.limits = {"a": 1}
    with concurrency(["a", "none"]):
        pass
    assert "no concurrency limit named 'none'" in caplog.text


def test_a_name_without_a_limit_is_an_error_where_it_is_strict(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    with (
        pytest.raises(ConcurrencySlotAcquisitionError, match="'none'"),
        concurrency(["a", "none"], strict=True),
    ):
        pass
    assert fake.slots == {}
    with pytest.raises(ConcurrencySlotAcquisitionError, match="'none'"):
        rate_limit("none", strict=True)


async def test_a_rate_limit_takes_slots_and_keeps_no_lease(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 2}
    rate_limit("a")
    await asynchronous.rate_limit(["a"])
    assert [asked.mode for asked in fake.slots_asked] == ["rate_limit", "rate_limit"]
    assert len(fake.slots) == 2


def test_a_lease_is_renewed_while_it_is_held(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}
    # The server wants 60 seconds or more, this one does not look.
    with often(), concurrency("a", lease_duration=60):
        wait_until(lambda: len(fake.slots_renewed) > 2, description="three renewals")


def test_a_lost_lease_stops_a_strict_block(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}

    def lose() -> None:
        with concurrency("a", strict=True, lease_duration=60):
            fake.slots.clear()
            spin()
            pytest.fail("the block went on")

    with often(), pytest.raises(ConcurrencySlotAcquisitionError, match="others may have them"):
        lose()


async def test_a_lost_lease_cancels_a_strict_block(fake: FakeOrchestration) -> None:
    fake.limits = {"a": 1}

    async def lose() -> None:
        async with asynchronous.concurrency("a", strict=True, lease_duration=60):
            fake.slots.clear()
            await asyncio.sleep(20)

    with often(), pytest.raises(ConcurrencySlotAcquisitionError, match="others may have them"):
        await lose()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


def test_a_lost_lease_is_warned_of_elsewhere(
    fake: FakeOrchestration, caplog: pytest.LogCaptureFixture
) -> None:
    fake.limits = {"a": 1}
    with often(), concurrency("a", lease_duration=60):
        fake.slots.clear()
        wait_until(lambda: "is over" in caplog.text, description="a warning")


def test_a_server_that_is_silent_for_a_term_has_lost_the_lease(fake: FakeOrchestration) -> None:
    fake.is_down = True
    lost: list[Exception] = []
    lease = LeaseKeeper().keep(fake, uuid4(), 0.05, lost.append)
    wait_until(lambda: lease.is_over, description="the lease is given up")
    [error] = lost
    assert isinstance(error, ServerUnreachable)


def test_a_superseded_execution_loses_its_slots_at_the_first_word(
    fake: FakeOrchestration, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def refuse(_: UUID, seconds: float) -> None:
        asked.append(seconds)
        raise Superseded

    monkeypatch.setattr(fake, "renew_slots", refuse)
    lost: list[Exception] = []
    lease = LeaseKeeper().keep(fake, uuid4(), 0.3, lost.append)
    wait_until(lambda: lease.is_over, description="the lease is given up")
    assert asked == [0.3]


def test_events_say_what_was_held(fake: FakeOrchestration, session: Session) -> None:
    fake.limits = {"a": 2}

    @flow
    def nightly() -> None:
        with concurrency("a", occupy=2):
            pass

    nightly()
    assert session.outbox.drain(5)
    acquired, released = fake.events
    assert acquired.event == "prefect.concurrency-limit.acquired"
    assert released.event == "prefect.concurrency-limit.released"
    assert released.follows == acquired.id
    labels = acquired.resource.root
    assert (labels["prefect.resource.name"], labels["slots-acquired"], labels["limit"]) == (
        "a",
        "2",
        "2",
    )
    [flow_run_id] = fake.runs
    assert f"prefect.flow-run.{flow_run_id}" in {related.id for related in acquired.related}


def test_a_task_with_tags_holds_a_slot_of_each_while_it_runs(
    fake: FakeOrchestration, session: Session
) -> None:
    fake.limits = {"tag:db": 1, "tag:other": 1}
    held: list[list[str]] = []

    @task(tags=["db", "free"])
    def query() -> None:
        held.extend(names for names, _ in fake.slots.values())

    query()
    assert held == [["tag:db"]]
    assert fake.slots == {}
    assert session.outbox.drain(5)
    [asked] = fake.slots_asked
    [report] = fake.reports
    assert asked.names == ["tag:db", "tag:free"]
    assert asked.holder == ConcurrencyLeaseHolder(type="task_run", id=report.id)


def test_a_task_without_tags_asks_for_nothing(fake: FakeOrchestration) -> None:
    @task
    def plain() -> None: ...

    plain()
    assert fake.slots_asked == []


def test_a_task_gives_its_slots_back_between_two_attempts(fake: FakeOrchestration) -> None:
    fake.limits = {"tag:db": 1}
    free: list[bool] = []

    @task(tags=["db"], retries=1, retry_delay_seconds=0.01)
    def query() -> None:
        raise ValueError

    query_slots = fake.give_back_slots

    def given_back(lease_id: object) -> None:
        free.append(True)
        query_slots(lease_id)  # pyright: ignore[reportArgumentType]

    fake.give_back_slots = given_back
    with pytest.raises(ValueError):  # noqa: PT011
        query()
    assert (len(fake.slots_asked), len(free), fake.slots) == (2, 2, {})


async def test_a_task_whose_tag_is_closed_fails(fake: FakeOrchestration, session: Session) -> None:
    fake.limits = {"tag:db": 0}

    @task(tags=["db"])
    async def query() -> None: ...

    with pytest.raises(ConcurrencySlotAcquisitionError, match="'tag:db'"):
        await query()
    assert session.outbox.drain(5)
    assert list(fake.states_of_task_runs().values()) == [["Pending", "Failed"]]


def test_the_interruption_is_nothing_that_user_code_catches() -> None:
    assert not issubclass(LeaseIsOver, Exception)


def spin() -> None:
    """Run Python code until it is interrupted, for 20 seconds at most."""
    end = monotonic() + 20
    while monotonic() < end:
        pass


@contextmanager
def often() -> Generator[None]:
    """Leases are renewed every few milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("windlass.engine.slot_leases._RENEWALS_PER_TERM", 3_000)
        yield


def at_once(work: Callable[[], None], count: int) -> None:
    """Let so many threads do the same, each in the context of the test."""
    with ThreadPoolExecutor(count) as threads:
        done = [threads.submit(copy_context().run, work) for _ in range(count)]
    for each in done:
        each.result()
