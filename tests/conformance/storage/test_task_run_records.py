"""Task runs are what their events say, in whatever order and however often they come."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.exceptions import ObjectAlreadyExists
from windlass.ids import uuid7
from windlass_services.events.rows import event_row
from windlass_services.storage import tables
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.task_run_records import TaskRunRecord

NAMES: Final = ("Pending", "Running", "AwaitingRetry", "Retrying", "Completed")


def record(id: UUID, number: int, **known: Any) -> TaskRunRecord:
    """The run `id` in the state of this number, a second after the one before."""
    at = NOON + timedelta(seconds=number)
    name = NAMES[number]
    kinds = {"AwaitingRetry": "SCHEDULED", "Retrying": "RUNNING"}
    usual: dict[str, Any] = {
        "id": id,
        "flow_run_id": None,
        "name": "task-0",
        "task_key": "task",
        "dynamic_key": str(id),
        "task_version": None,
        "cache_key": None,
        "tags": ["a"],
        "labels": {},
        "task_inputs": {},
        "empirical_policy": {"retries": 1},
        "run_count": number,
        "flow_run_run_count": 1,
        # What is reported after an attempt knows of its own attempt only.
        "expected_start_time": NOON if number < 3 else None,
        "start_time": [None, NOON + timedelta(seconds=1)][number > 0] if number < 3 else at,
        "end_time": at if name == "Completed" else None,
        "total_run_time": [0.0, 0.0, 1.0, 0.0, 0.5][number],
        "state_id": uuid7(),
        "state_type": kinds.get(name, name.upper()),
        "state_name": name,
        "state_timestamp": at,
        "state_message": None,
        "state_details": {"task_run_id": str(id)},
        "state_data": {"number": number},
        "day": at.date(),
    }
    return TaskRunRecord(**usual | known)


def an_event() -> EventRow:
    return event_row(
        id=uuid7(),
        occurred=NOON,
        received=NOON,
        event="thing.happened",
        resource={"prefect.resource.id": "thing.1"},
        related=[],
        payload={},
        follows=None,
    )


async def write(world: World, *batch: TaskRunRecord) -> None:
    await world.database.hot.record_task_runs(SCOPE, batch)


async def rows(world: World) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    runs = await world.rows(tables.task_run)
    history = await world.rows(tables.task_run_state)
    return runs, sorted(history, key=lambda row: row["timestamp"])


@pytest.mark.parametrize("seed", range(6))
async def test_shuffled_and_repeated_deliveries_give_the_same_rows(world: World, seed: int) -> None:
    flow_run_id = (await world.create()).id
    states = [record(world.flow_id, n, flow_run_id=flow_run_id) for n in range(5)]
    chosen = random.Random(seed)
    deliveries = [*states, *chosen.choices(states, k=4)]
    chosen.shuffle(deliveries)
    cut = chosen.randrange(len(deliveries))
    await write(world, *deliveries[:cut])
    await write(world, *deliveries[cut:])
    [run], history = await rows(world)
    assert (run["state_name"], run["state_id"]) == ("Completed", states[4].state_id)
    assert run["expected_start_time"] == NOON
    assert run["start_time"] == NOON + timedelta(seconds=1)
    assert run["end_time"] == NOON + timedelta(seconds=4)
    assert (run["run_count"], run["total_run_time"]) == (4, 1.0)
    assert (run["flow_run_id"], run["state_data"]) == (flow_run_id, {"number": 4})
    assert [row["name"] for row in history] == list(NAMES)


async def test_an_older_state_never_wins(world: World) -> None:
    id = uuid7()
    await write(world, record(id, 4))
    await write(world, record(id, 1, name="old", tags=["old"]))
    [run], history = await rows(world)
    assert (run["state_name"], run["name"], run["tags"]) == ("Completed", "task-0", ["a"])
    assert [row["name"] for row in history] == ["Running", "Completed"]


async def test_of_two_states_of_one_moment_the_greater_id_wins(world: World) -> None:
    id = uuid7()
    first, second = record(id, 0), record(id, 1, state_timestamp=NOON)
    await write(world, second)
    await write(world, first)
    [run], _ = await rows(world)
    assert run["state_id"] == max(first.state_id, second.state_id)


async def test_events_are_stored_with_what_they_record(world: World) -> None:
    one, other = record(uuid7(), 0), record(uuid7(), 1)
    events = [an_event(), an_event()]
    hot = world.database.hot
    new = await asyncio.gather(
        hot.record_task_runs(SCOPE, [one], events), hot.record_task_runs(SCOPE, [other], events[:1])
    )
    assert sum(new) == 2
    assert {row["id"] for row in await world.rows(tables.event)} == {row.id for row in events}
    assert len((await rows(world))[0]) == 2


async def test_a_run_with_the_key_of_another_is_refused_alone_and_whole(world: World) -> None:
    flow_run_id = (await world.create()).id
    first = record(uuid7(), 4, flow_run_id=flow_run_id, dynamic_key="0")
    await write(world, first)
    twin, third = replace(first, id=uuid7(), state_id=uuid7()), record(uuid7(), 1)
    answers = await asyncio.gather(
        world.database.hot.record_task_runs(SCOPE, [twin], [an_event()]),
        world.database.hot.record_task_runs(SCOPE, [third]),
        return_exceptions=True,
    )
    assert isinstance(answers[0], ObjectAlreadyExists)
    assert answers[1] == 0
    runs, history = await rows(world)
    assert {run["id"] for run in runs} == {first.id, third.id}
    assert len(history) == 2
    assert not await world.rows(tables.event)


async def test_what_comes_late_of_a_deleted_flow_run_is_events_alone(world: World) -> None:
    late = record(uuid7(), 4, flow_run_id=uuid7())
    other = record(uuid7(), 4, flow_run_id=(await world.create()).id)
    assert await world.database.hot.record_task_runs(SCOPE, [late, other], [an_event()]) == 1
    [run], [state] = await rows(world)
    assert run["id"] == state["task_run_id"] == other.id
