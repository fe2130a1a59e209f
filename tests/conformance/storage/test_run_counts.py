"""The roll-up of runs says what counting them says, whoever wrote what."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.ids import uuid7
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass.schemas.states import StateType
from windlass_services.storage import flow_deletion, flow_runs, run_counts, tables, task_runs
from windlass_services.storage.clearing import clear_database
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.task_run_records import TaskRunRecord

TYPES = (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED, StateType.FAILED)


def record(id: UUID, type: StateType, second: int) -> TaskRunRecord:
    """A task run in a state, as its event tells it."""
    nothing: dict[str, Any] = {
        name: None
        for name in (
            *("flow_run_id", "task_version", "cache_key", "expected_start_time", "start_time"),
            *("end_time", "state_message", "state_data"),
        )
    }
    at = NOON + timedelta(seconds=second)
    return TaskRunRecord(
        id=id,
        name="task",
        task_key="task",
        dynamic_key=str(id),
        tags=[],
        labels={},
        task_inputs={},
        empirical_policy={},
        run_count=0,
        flow_run_run_count=0,
        total_run_time=0.0,
        state_id=uuid7(),
        state_type=type,
        state_name=type.capitalize(),
        state_timestamp=at,
        state_details={},
        day=at.date(),
        **nothing,
    )


async def require_agreement(world: World) -> None:
    """What the roll-up says of all runs, and of each type, is what counting them says."""
    for table in (tables.flow_run, tables.task_run):
        counted = sa.select(table.c.state_type, sa.func.count()).group_by(table.c.state_type)
        rolled_up = (
            sa.select(tables.run_count.c.state_type, sa.func.sum(tables.run_count.c.runs))
            .where(tables.run_count.c.runs_of == table.name)
            .group_by(tables.run_count.c.state_type)
        )
        async with world.database.read() as connection:
            found = {row[0]: row[1] for row in await connection.execute(counted)}
            said = {row[0]: int(row[1]) for row in await connection.execute(rolled_up)}
        assert {type: runs for type, runs in said.items() if runs} == found


async def merge(world: World) -> int:
    async with world.database.write() as connection:
        return await run_counts.merge_run_counts(connection)


async def test_whatever_happens_to_flow_runs_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_counts, "FEW", 3)
    chance = random.Random(20260301)
    runs: list[UUID] = []
    for _ in range(60):
        match chance.choice(["create", "create", "move", "move", "delete", "merge"]):
            case "create":
                runs.append((await world.create(chance.choice(TYPES))).id)
            case "move" if runs:
                await world.propose(chance.choice(runs), chance.choice(TYPES))
            case "delete" if runs:
                run = runs.pop(chance.randrange(len(runs)))
                async with world.database.write() as connection:
                    await flow_runs.delete_flow_run(connection, SCOPE, run, now=NOON)
            case _:
                await merge(world)
    await require_agreement(world)
    async with world.database.write() as connection:
        await flow_deletion.delete_flow(connection, SCOPE, world.flow_id, now=world.clock())
    await require_agreement(world)


async def test_states_of_task_runs_count_once_however_often_and_late_they_come(
    world: World,
) -> None:
    chance = random.Random(20260302)
    ids = [uuid7() for _ in range(8)]
    for _ in range(20):
        told = [
            record(chance.choice(ids), chance.choice(TYPES), chance.randrange(50))
            for _ in range(chance.randrange(1, 6))
        ]
        await world.database.hot.record_task_runs(SCOPE, told, [])
    async with world.database.write() as connection:
        await task_runs.delete_task_run(connection, SCOPE, (await first_of(world)).id)
    await require_agreement(world)


async def first_of(world: World) -> Any:
    async with world.database.read() as connection:
        return (await connection.execute(sa.select(tables.task_run.c.id).limit(1))).one()


async def test_many_at_once_are_counted_while_rows_are_put_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_counts, "FEW", 0)

    async def live() -> None:
        run = await world.create(StateType.PENDING)
        await world.propose(run.id, StateType.RUNNING)
        await merge(world)
        await world.propose(run.id, StateType.COMPLETED)

    await asyncio.gather(*(live() for _ in range(20)))
    await merge(world)
    await require_agreement(world)
    assert [row["runs"] for row in await world.rows(tables.run_count)] == [20]


async def test_a_few_rows_are_left_as_they_are(world: World) -> None:
    await world.create()
    before = await world.rows(tables.run_count)
    assert await merge(world) == 0
    assert await world.rows(tables.run_count) == before


async def test_what_is_rolled_back_was_never_counted(world: World) -> None:
    run = await world.create(StateType.COMPLETED)

    async def delete_and_die() -> None:
        async with world.database.write() as connection:
            await flow_runs.delete_flow_run(connection, SCOPE, run.id, now=NOON)
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError, match="the process dies"):
        await delete_and_die()
    await require_agreement(world)


async def test_a_database_that_is_cleared_has_no_runs(world: World) -> None:
    await world.create()
    async with world.database.write() as connection:
        await clear_database(connection)
    await require_agreement(world)
    async with world.database.read() as connection:
        assert await flow_runs.count_flow_runs(connection, SCOPE, Filters()) == 0


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (None, 4),
        ({}, 4),
        ({"state": {"type": {"any_": ["COMPLETED"]}}}, 2),
        ({"state": {"type": {"any_": ["RUNNING", "FAILED"]}}}, 2),
        ({"operator": "or_", "state": {"type": {"not_any_": ["COMPLETED"]}}}, 2),
        ({"state": {"type": {"any_": []}}}, 0),
        ({"state": {"name": {"any_": ["Completed"]}}}, 2),
        ({"state": {"type": {"any_": ["COMPLETED"]}, "name": {"any_": ["Running"]}}}, 0),
        ({"name": {"any_": ["another"]}}, 0),
    ],
)
async def test_counts_by_type_come_from_the_roll_up_and_others_do_not(
    world: World, asked: dict[str, Any] | None, count: int
) -> None:
    for type in (StateType.COMPLETED, StateType.COMPLETED, StateType.RUNNING, StateType.FAILED):
        await world.create(type)
    filters = Filters(flow_runs=None if asked is None else FlowRunFilter.model_validate(asked))
    async with world.database.read() as connection:
        assert await flow_runs.count_flow_runs(connection, SCOPE, filters) == count
        elsewhere = Filters(flow_runs=filters.flow_runs, task_runs=TaskRunFilter())
        assert await flow_runs.count_flow_runs(connection, SCOPE, elsewhere) == 0


async def test_an_unfiltered_count_does_not_read_the_runs(world: World) -> None:
    rows = {"workspace_id": SCOPE.workspace_id, "state_type": None, "runs": 7_000_000}
    async with world.database.write() as connection:
        for table in ("flow_run", "task_run"):
            await connection.execute(sa.insert(tables.run_count).values(runs_of=table, **rows))
    other = {**rows, "workspace_id": uuid4(), "runs_of": "flow_run"}
    async with world.database.write() as connection:
        await connection.execute(sa.insert(tables.run_count).values(**other))
    async with world.database.read() as connection:
        assert await flow_runs.count_flow_runs(connection, SCOPE, Filters()) == 7_000_000
        assert await task_runs.count_task_runs(connection, SCOPE, Filters()) == 7_000_000
