"""How runs are handed out to workers that wait for them."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import anyio
import anyio.abc
import anyio.lowlevel

from tests.support.waiting import await_until
from tests.unit.orchestration.model import SOME_POOL
from tests.unit.orchestration.waiters import FakeHandOut, a_claim
from windlass.clock import utc_now
from windlass.exceptions import ObjectNotFound
from windlass.schemas.executions import ClaimedRun
from windlass_services.orchestration.channels import pool_channel
from windlass_services.orchestration.dispatcher import Announces, Dispatcher
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope
from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import Announcement

LONG: Final = timedelta(seconds=20)
NEVER: Final = timedelta(hours=1)
SHORT: Final = timedelta(milliseconds=20)


@dataclass(slots=True)
class Hall:
    """A dispatcher at work, and the workers that wait in front of it."""

    runs: FakeHandOut
    streams: MemoryStreams
    dispatcher: Dispatcher
    tasks: anyio.abc.TaskGroup
    answers: dict[str, list[ClaimedRun]] = field(default_factory=dict[str, list[ClaimedRun]])
    errors: dict[str, Exception] = field(default_factory=dict[str, Exception])
    connections: dict[str, anyio.CancelScope] = field(default_factory=dict[str, anyio.CancelScope])

    async def wait_as(self, worker: str, wait: timedelta = LONG, **terms: Any) -> None:
        """Let a worker wait, until nothing happens any more."""
        self.tasks.start_soon(self._claim, a_claim(worker_name=worker, **terms), wait)
        await settled()

    async def announce(self, times: int = 1) -> None:
        """Say so many times that there is a run, until nothing happens any more."""
        for _ in range(times):
            await self.streams.announce(pool_channel(SOME_POOL))
        await settled()

    async def until(self, happened: Callable[[], object], description: str) -> None:
        async def ask() -> object:
            return happened()

        await await_until(ask, description=description)

    async def _claim(self, claim: Claim, wait: timedelta) -> None:
        with anyio.CancelScope() as connection:
            self.connections[claim.worker_name] = connection
            try:
                runs = await self.dispatcher.claim(Scope(), claim, wait)
            except ObjectNotFound as error:
                self.errors[claim.worker_name] = error
            else:
                self.answers[claim.worker_name] = runs


@asynccontextmanager
async def a_hall(
    streams: Announces | None = None, *, sweep: timedelta = NEVER, blocked: timedelta = NEVER
) -> AsyncGenerator[Hall]:
    runs, memory = FakeHandOut(), MemoryStreams()
    dispatcher = Dispatcher(runs, streams or memory, clock=utc_now, sweep=sweep, blocked=blocked)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dispatcher.run)
        await settled()
        yield Hall(runs, memory, dispatcher, tasks)
        await dispatcher.drain()


async def settled() -> None:
    """Everything that can happen now has happened: nobody here waits for the outside."""
    for _ in range(100):
        await anyio.lowlevel.checkpoint()


async def test_a_run_that_is_there_is_taken_at_once() -> None:
    async with a_hall() as hall:
        run = hall.runs.add()
        await hall.wait_as("worker")
        assert hall.answers == {"worker": [run]}


async def test_a_run_that_is_announced_goes_to_whoever_waits() -> None:
    async with a_hall() as hall:
        await hall.wait_as("worker")
        assert hall.answers == {}
        run = hall.runs.add()
        await hall.announce()
        assert hall.answers == {"worker": [run]}


async def test_the_worker_that_waited_longest_is_served_first() -> None:
    async with a_hall() as hall:
        await hall.wait_as("first")
        await hall.wait_as("second")
        run = hall.runs.add()
        await hall.announce()
        assert hall.answers == {"first": [run]}


async def test_as_many_workers_wake_as_there_are_runs() -> None:
    async with a_hall() as hall:
        for number in range(40):
            await hall.wait_as(f"worker {number}")
        asked = len(hall.runs.claims)
        runs = [hall.runs.add() for _ in range(3)]
        await hall.announce(times=3)
        assert hall.answers == {f"worker {number}": [run] for number, run in enumerate(runs)}
        assert len(hall.runs.claims) - asked <= 2 * len(runs)


async def test_idle_workers_cost_nothing() -> None:
    async with a_hall() as hall:
        for number in range(40):
            await hall.wait_as(f"worker {number}")
        asked = len(hall.runs.claims)
        await hall.announce()
        assert len(hall.runs.claims) - asked == 1


async def test_who_waits_where_somebody_waits_for_the_same_asks_for_nothing() -> None:
    async with a_hall() as hall:
        await hall.wait_as("first")
        asked = len(hall.runs.claims)
        await hall.wait_as("second")
        assert len(hall.runs.claims) == asked
        await hall.wait_as("of another queue", work_queue_ids=[uuid4()])
        assert len(hall.runs.claims) > asked


async def test_a_worker_of_another_queue_holds_nobody_up() -> None:
    async with a_hall() as hall:
        queue = uuid4()
        await hall.wait_as("of another queue", work_queue_ids=[uuid4()])
        await hall.wait_as("of this queue", work_queue_ids=[queue])
        run = hall.runs.add(queue=queue)
        await hall.announce()
        assert hall.answers == {"of this queue": [run]}


async def test_a_run_is_handed_out_at_its_time_without_being_announced_again() -> None:
    async with a_hall() as hall:
        await hall.wait_as("worker")
        run = hall.runs.add(due_in=0.2)
        await hall.announce()
        assert hall.answers == {}
        await hall.until(lambda: hall.answers, "the run's time")
        assert hall.answers == {"worker": [run]}


async def test_a_worker_that_fetches_ahead_is_given_a_run_before_its_time() -> None:
    async with a_hall() as hall:
        await hall.wait_as("in time")
        await hall.wait_as("ahead", due_before=utc_now() + timedelta(seconds=60))
        run = hall.runs.add(due_in=30)
        await hall.announce()
        assert hall.answers == {"ahead": [run]}


async def test_a_run_whose_announcement_was_lost_is_found() -> None:
    async with a_hall(sweep=SHORT) as hall:
        await hall.wait_as("worker")
        run = hall.runs.add()
        await hall.until(lambda: hall.answers, "a look without an announcement")
        assert hall.answers == {"worker": [run]}


async def test_a_run_that_nobody_may_take_is_asked_for_again_after_a_while() -> None:
    async with a_hall(blocked=SHORT) as hall:
        hall.runs.blocked = True
        run = hall.runs.add()
        await hall.wait_as("worker")
        assert hall.answers == {}
        hall.runs.blocked = False
        await hall.until(lambda: hall.answers, "the next attempt")
        assert hall.answers == {"worker": [run]}


async def test_a_run_that_nobody_may_take_is_not_asked_for_all_the_time() -> None:
    async with a_hall() as hall:
        hall.runs.blocked = True
        hall.runs.add()
        await hall.wait_as("worker")
        asked = len(hall.runs.claims)
        await settled()
        assert len(hall.runs.claims) == asked


async def test_who_has_waited_long_enough_is_answered_with_nothing() -> None:
    async with a_hall() as hall:
        await hall.wait_as("worker", wait=SHORT)
        await hall.until(lambda: "worker" in hall.answers, "the end of the wait")
        assert hall.answers == {"worker": []}
        hall.runs.add()
        asked = len(hall.runs.claims)
        await hall.announce()
        assert len(hall.runs.claims) == asked


async def test_who_does_not_wait_is_answered_at_once() -> None:
    async with a_hall() as hall:
        await hall.wait_as("worker", wait=timedelta(0))
        assert hall.answers == {"worker": []}


async def test_a_worker_that_went_away_swallows_no_run() -> None:
    async with a_hall() as hall:
        hall.runs.hold = anyio.Event()
        run = hall.runs.add()
        await hall.wait_as("worker")
        hall.connections["worker"].cancel()
        await settled()
        hall.runs.hold.set()
        await settled()
        assert hall.runs.handed_back == [run]
        assert hall.answers == {}


async def test_a_worker_that_went_away_leaves_its_place_to_the_next() -> None:
    async with a_hall() as hall:
        await hall.wait_as("first")
        await hall.wait_as("second")
        hall.connections["first"].cancel()
        run = hall.runs.add()
        await hall.announce()
        assert hall.answers == {"second": [run]}


async def test_an_error_goes_to_the_worker_whose_claim_it_was() -> None:
    async with a_hall() as hall:
        hall.runs.failure = ObjectNotFound("There is no such pool.")
        await hall.wait_as("worker")
        assert list(hall.errors) == ["worker"]


async def test_when_the_pool_is_gone_everyone_who_waits_is_told() -> None:
    async with a_hall() as hall:
        await hall.wait_as("first")
        await hall.wait_as("second")
        hall.runs.failure = ObjectNotFound("There is no such pool.")
        await hall.announce()
        assert sorted(hall.errors) == ["first", "second"]


async def test_draining_answers_everyone_and_takes_nothing_more() -> None:
    async with a_hall() as hall:
        await hall.wait_as("waiting")
        await hall.dispatcher.drain()
        asked = len(hall.runs.claims)
        hall.runs.add()
        await hall.wait_as("late")
        assert hall.answers == {"waiting": [], "late": []}
        assert len(hall.runs.claims) == asked


async def test_a_claim_under_way_when_draining_is_handed_back() -> None:
    async with a_hall() as hall:
        hall.runs.hold = anyio.Event()
        run = hall.runs.add()
        await hall.wait_as("worker")
        hall.tasks.start_soon(hall.dispatcher.drain)
        await settled()
        assert hall.answers == {"worker": []}
        hall.runs.hold.set()
        await settled()
        assert hall.runs.handed_back == [run]


async def test_draining_what_never_ran_does_not_hang() -> None:
    await Dispatcher(FakeHandOut(), MemoryStreams(), clock=utc_now).drain()


async def test_after_a_gap_in_the_announcements_every_pool_is_looked_at() -> None:
    reconnected = Reconnecting()
    async with a_hall(reconnected) as hall:
        await hall.wait_as("worker")
        run = hall.runs.add()
        reconnected.now.set()
        await settled()
        assert hall.answers == {"worker": [run]}


@dataclass(slots=True)
class Reconnecting:
    """Announces nothing but that announcements may have been missed."""

    now: anyio.Event = field(default_factory=anyio.Event)

    @asynccontextmanager
    async def listen(
        self, channels: Collection[str]
    ) -> AsyncGenerator[AsyncIterator[Announcement]]:
        assert channels
        yield self._announcements()

    async def _announcements(self) -> AsyncGenerator[Announcement]:
        await self.now.wait()
        yield Announcement(resumed=True)
