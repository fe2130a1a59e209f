"""The limit counts the runs under way, and nothing else."""

import anyio

from tests.support.claimed_runs import claimed_run
from windlass_workers.agent.slots import MOST_AT_ONCE, LiveRun, Slots


def test_there_is_room_for_what_the_limit_leaves() -> None:
    slots = Slots(2)
    run = LiveRun(claimed_run())
    slots.take(run)
    assert slots.free == 1


def test_releasing_twice_frees_one_slot() -> None:
    slots = Slots(2)
    first, second = LiveRun(claimed_run()), LiveRun(claimed_run())
    slots.take(first)
    slots.take(second)
    slots.release(first)
    slots.release(first)
    assert slots.free == 1


def test_adopted_runs_may_be_more_than_the_limit() -> None:
    slots = Slots(1)
    slots.take(LiveRun(claimed_run()))
    slots.take(LiveRun(claimed_run()))
    assert slots.free == 0


def test_without_a_limit_there_is_always_room() -> None:
    slots = Slots(None)
    slots.take(LiveRun(claimed_run()))
    assert slots.free == MOST_AT_ONCE


async def test_who_waits_for_room_is_woken_by_the_end_of_a_run() -> None:
    slots = Slots(1)
    run = LiveRun(claimed_run())
    slots.take(run)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slots.until_free)
        tasks.start_soon(slots.until_empty)
        await anyio.wait_all_tasks_blocked()
        slots.release(run)
