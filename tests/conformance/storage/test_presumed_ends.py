"""An end that the server presumed gives way to the one that the client reports after all."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from tests.conformance.storage.test_task_run_records import record, rows, write
from tests.conformance.storage.world import NOON, World
from windlass.ids import uuid7
from windlass_services.storage.task_run_records import TaskRunRecord

PENDING, RUNNING, COMPLETED = 0, 1, 4
SEEN: Final = (
    *("state_name", "state_timestamp", "run_count", "start_time", "end_time", "total_run_time"),
)


def presumed(id: UUID, second: float, *, attempt: int = 1) -> TaskRunRecord:
    """What the server enters when the client is gone: later than all that the client did."""
    at = NOON + timedelta(seconds=second)
    return record(
        id,
        COMPLETED,
        state_type="CRASHED",
        state_name="Crashed",
        state_timestamp=at,
        state_details={"presumed": True},
        state_data=None,
        start_time=NOON + timedelta(seconds=1),
        end_time=at,
        total_run_time=second - 1,
        run_count=attempt,
    )


def completed(id: UUID, second: float, *, attempt: int = 1) -> TaskRunRecord:
    at = NOON + timedelta(seconds=second)
    return record(
        id, COMPLETED, state_timestamp=at, end_time=at, run_count=attempt, total_run_time=second - 1
    )


def running(id: UUID, second: float, *, attempt: int = 1) -> TaskRunRecord:
    at = NOON + timedelta(seconds=second)
    return record(id, RUNNING, state_timestamp=at, run_count=attempt, total_run_time=0.0)


async def the_run(world: World) -> dict[str, Any]:
    [run], _ = await rows(world)
    return run


@pytest.mark.parametrize("second", [3, 60], ids=["before", "after"])
async def test_a_reported_end_stands_against_a_presumed_one(world: World, second: int) -> None:
    id = uuid7()
    await write(world, running(id, 1))
    await write(world, presumed(id, 40))
    await write(world, true_end := completed(id, second))
    run = await the_run(world)
    assert (run["state_name"], run["state_id"]) == ("Completed", true_end.state_id)
    assert run["end_time"] == NOON + timedelta(seconds=second)
    assert run["total_run_time"] == second - 1, "and not as long as until the presumed end"
    _, history = await rows(world)
    assert sorted(row["name"] for row in history) == ["Completed", "Crashed", "Running"]


async def test_what_is_no_end_does_not_take_the_place_of_a_presumed_one(world: World) -> None:
    id = uuid7()
    await write(world, presumed(id, 40))
    await write(world, running(id, 1))
    assert (await the_run(world))["state_name"] == "Crashed"
    await write(world, running(id, 50, attempt=2))
    assert (await the_run(world))["state_name"] == "Running", "it began again"


async def test_a_second_presumption_takes_the_place_of_no_reported_end(world: World) -> None:
    id = uuid7()
    for state in (running(id, 1), presumed(id, 40), completed(id, 3), presumed(id, 80)):
        await write(world, state)
    assert (await the_run(world))["state_name"] == "Completed"


async def test_the_end_of_an_earlier_attempt_is_not_that_of_the_presumed_one(world: World) -> None:
    id = uuid7()
    for state in (running(id, 1), presumed(id, 40), running(id, 20, attempt=2), completed(id, 3)):
        await write(world, state)
    run = await the_run(world)
    assert (run["state_name"], run["run_count"]) == ("Crashed", 2)


@pytest.mark.parametrize("seed", range(4))
async def test_in_any_order_and_any_cut_it_is_the_same_run(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    outcomes: set[tuple[Any, ...]] = set()
    states = [record(uuid7(), PENDING), running(uuid7(), 1), presumed(uuid7(), 40)]
    states += [completed(uuid7(), 3)]
    for _ in range(6):
        id = uuid7()
        told = [replace(state, id=id, dynamic_key=str(id)) for state in states]
        deliveries = [*told, *chosen.choices(told, k=3)]
        chosen.shuffle(deliveries)
        cuts = sorted(chosen.choices(range(len(deliveries) + 1), k=2))
        for start, end in itertools.pairwise([0, *cuts, len(deliveries)]):
            await write(world, *deliveries[start:end])
        runs, _ = await rows(world)
        [run] = [run for run in runs if run["id"] == id]
        outcomes.add(tuple(run[name] for name in SEEN))
    assert len(outcomes) == 1
    assert outcomes.pop()[0] == "Completed"
