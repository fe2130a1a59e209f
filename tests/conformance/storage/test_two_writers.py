"""The hot operations and SQLAlchemy read each other's rows, and never meet while writing."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import NOON, SCOPE, SteppedClock, World
from tests.support.waiting import await_until
from windlass.exceptions import ServerBusy
from windlass.schemas.fields import CreatedBy
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage import tables
from windlass_services.storage.flow_run_rows import flow_run_from_row, row_of_flow_run
from windlass_services.storage.open import open_database

FULL: dict[str, Any] = {
    "name": "näme",
    "parameters": {"a": [1, 2.5, None, True], "b": {"c": "ü"}},
    "context": {"k": "v"},
    "job_variables": {"env": {}},
    "tags": ["x", "y"],
    "labels": {"l": 1, "m": False},
    "empirical_policy": FlowRunPolicy(retries=2, retry_delay=1.5, pause_keys={"p"}),
    "idempotency_key": "key",
    "flow_version": "v1",
    "deployment_version": "v2",
    "auto_scheduled": True,
    "created_by": CreatedBy(id=uuid4(), type="SCHEDULE", display_value="s"),
    "infrastructure_pid": "host:7",
    "infrastructure_document_id": uuid4(),
    "parent_task_run_id": uuid4(),
    "run_count": 3,
    "start_time": NOON - timedelta(microseconds=1),
    "end_time": NOON,
    "total_run_time": timedelta(seconds=1.25),
    "blocking_reason": "no worker",
}


def full_state(world: World) -> State:
    details = StateDetails(pause_reschedule=True, deferred=None, run_input_keyset={"a": "b"})
    return world.state(StateType.PAUSED, message="why", data={"type": "ref"}, state_details=details)


async def test_sqlalchemy_reads_what_the_hot_operations_wrote(world: World) -> None:
    queue = await world.queue()
    new = world.new(queue=queue, state=full_state(world), **FULL)
    await world.database.hot.create_flow_runs(SCOPE, [new])
    [row] = await world.rows(tables.flow_run)
    assert row == row_of_flow_run(SCOPE, new.run, queue.work_pool_id, None, NOON)


async def test_the_hot_operations_read_what_sqlalchemy_wrote(world: World) -> None:
    queue = await world.queue()
    run = world.new(queue=queue, state=full_state(world), **FULL).run
    row = row_of_flow_run(SCOPE, run, queue.work_pool_id, uuid4(), NOON)
    async with world.database.write() as connection:
        await connection.execute(sa.insert(tables.flow_run).values(row))
    [answer] = await world.database.hot.create_flow_runs(SCOPE, [world.new(idempotency_key="key")])
    names = {"work_pool_name": str(queue.work_pool_id), "work_queue_name": str(queue.id)}
    assert answer.run == flow_run_from_row(row | names, NOON)


@pytest.mark.parametrize("value", [5, 2.5, True, "5", "text", [], {}, "null"])
async def test_a_result_of_any_json_type_is_read_back(world: World, value: object) -> None:
    run = await world.create()
    state = world.state(StateType.PAUSED, data=value)
    outcome = await world.propose(run.id, StateType.PAUSED)
    await world.update(tables.flow_run, run.id, state_data=value)
    again = await world.propose(run.id, StateType.RUNNING, name="Waits")
    [row] = await world.rows(tables.flow_run)
    assert outcome.state is not None
    assert again.state is not None
    assert again.state.data == row["state_data"] == state.data == value


async def test_what_others_change_while_a_transition_is_decided_is_not_lost(world: World) -> None:
    run = await world.create()
    async with asyncio.TaskGroup() as tasks, world.database.write() as connection:
        change = sa.update(tables.flow_run).where(tables.flow_run.c.id == run.id)
        await connection.execute(change.values(run_count=7))
        proposed = tasks.create_task(world.propose(run.id, StateType.RUNNING))
        if world.database.dialect == "postgresql":
            # It has been decided by what was there before, and is about to be written.
            await await_until(lambda: waits_for_a_row(world), description="a row lock")
    assert proposed.result().decision.status is SetStateStatus.ACCEPT
    [row] = await world.rows(tables.flow_run)
    assert (row["state_type"], row["run_count"]) == (StateType.RUNNING, 8)


async def waits_for_a_row(world: World) -> bool:
    """Whether somebody waits for a lock of PostgreSQL."""
    async with world.database.read() as connection:
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(await connection.scalar(waiting))


async def test_a_write_block_is_committed_when_it_ends(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(sa.update(tables.flow).values(name="changed"))
    [row] = await world.rows(tables.flow)
    assert row["name"] == "changed"


async def test_a_write_block_that_raises_is_rolled_back(world: World) -> None:
    async def fail() -> None:
        async with world.database.write() as connection:
            await connection.execute(sa.update(tables.flow).values(name="changed"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    [row] = await world.rows(tables.flow)
    assert row["name"] == "flow"


async def test_a_hundred_writers_of_both_kinds_never_meet_a_locked_database(
    world: World,
) -> None:
    async def rename(number: int) -> None:
        async with world.database.write() as connection:
            await connection.execute(sa.update(tables.flow).values(name=f"{number}"))

    await asyncio.gather(
        *(rename(number) for number in range(50)),
        *(world.create() for _ in range(50)),
        *(world.rows(tables.flow_run) for _ in range(50)),
    )
    assert len(await world.rows(tables.flow_run)) == 50


async def test_reading_does_not_wait_for_a_write_block(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(sa.update(tables.flow).values(name="changed"))
        [row] = await world.rows(tables.flow)
    assert row["name"] == "flow"


async def test_a_block_that_holds_the_file_too_long_makes_the_others_busy(
    tmp_path: Path, clock: SteppedClock
) -> None:
    database = await open_database(
        f"sqlite:///{tmp_path / 'windlass.db'}",
        govern=plain_govern,
        clock=clock,
        patience=timedelta(milliseconds=20),
    )
    world = World(database, clock)
    try:
        async with database.write():
            with pytest.raises(ServerBusy):
                await world.create()
            with pytest.raises(ServerBusy):
                await world.flow()
        await world.create()
    finally:
        await database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_writer_that_is_cancelled_leaves_the_database_to_the_others(
    world: World,
) -> None:
    async def rename() -> None:
        async with world.database.write() as connection:
            await connection.execute(sa.update(tables.flow).values(name="changed"))
            await connection.execute(sa.update(tables.flow).values(name="changed again"))

    for steps in range(12):
        task = asyncio.create_task(rename())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await world.create()
    [row] = await world.rows(tables.flow)
    assert row["name"] in {"flow", "changed again"}
    assert len(await world.rows(tables.flow_run)) == 12


@pytest.mark.parametrize("end", [ValueError, asyncio.CancelledError])
async def test_a_writer_that_ends_early_has_changed_nothing_and_holds_nothing(
    world: World, end: type[BaseException]
) -> None:
    renamed = sa.update(tables.flow).values(name="changed")

    async def rename_and_end() -> None:
        async with world.database.write() as connection:
            await connection.execute(renamed)
            raise end

    for _ in range(12):
        with pytest.raises(end):
            await rename_and_end()
    [row] = await world.rows(tables.flow)
    assert row["name"] == "flow"
    async with world.database.write() as connection:
        await connection.execute(renamed)
    [row] = await world.rows(tables.flow)
    assert row["name"] == "changed"


async def test_the_database_answers_a_ping(world: World) -> None:
    await world.database.ping()
