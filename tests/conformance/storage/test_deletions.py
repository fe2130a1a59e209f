"""What was of a deleted object goes: a little at once, much of it a part at a time."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import pytest

from tests.conformance.storage.world import NOON, SCOPE, Queue, World
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import FlowRunSort, LogSort, TaskRunSort
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage import deletions, run_deletion, tables
from windlass_services.storage.abandoned_runs import read_abandoned_flow_runs
from windlass_services.storage.deletions import clear_more
from windlass_services.storage.deployments import delete_deployment
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.flow_deletion import delete_flow
from windlass_services.storage.flow_runs import (
    count_flow_runs,
    delete_flow_run,
    delete_flow_runs,
    read_flow_run,
    read_flow_runs,
)
from windlass_services.storage.hot.protocol import Govern
from windlass_services.storage.logs import read_logs
from windlass_services.storage.paging import Window
from windlass_services.storage.polls import Due, read_scheduled_runs_of_deployments
from windlass_services.storage.run_states import read_flow_run_states, read_task_run_states
from windlass_services.storage.task_runs import count_task_runs, read_task_run, read_task_runs
from windlass_services.storage.ui_counts import (
    count_task_runs_by_state,
    count_task_runs_of_flow_runs,
)
from windlass_services.storage.work_pools import delete_work_pool

FEW: Final = 3
OF_RUNS: Final = (
    *(tables.flow_run, tables.flow_run_state, tables.execution, tables.dispatchable),
    *(tables.task_run, tables.task_run_state, tables.log),
)


@pytest.fixture
def govern() -> Govern:
    """As a server decides."""
    return make_govern(Terms())


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_deletion, "RUNS_AT_ONCE", FEW)
    monkeypatch.setattr(run_deletion, "ROWS_AT_ONCE", 2 * FEW)
    monkeypatch.setattr(deletions, "WAITING_AT_ONCE", FEW)


@pytest.fixture
async def queue(world: World) -> Queue:
    return await world.queue()


async def finished(world: World, count: int, *, with_rows: int = 0) -> list[UUID]:
    """Runs that are over, each with so many task runs and so many lines of its log."""
    runs = [await world.create(StateType.COMPLETED) for _ in range(count)]
    for run in runs:
        for number in range(with_rows):
            await add_task_run(world, run.id, number)
            await add_line(world, run.id)
    return [run.id for run in runs]


async def add_task_run(world: World, flow_run_id: UUID, number: int) -> None:
    id = uuid7()
    row: dict[str, Any] = {
        "id": id,
        "flow_run_id": flow_run_id,
        "name": "task",
        "state_type": "RUNNING",
        "state_timestamp": NOON,
        "task_key": "task",
        "dynamic_key": str(number),
    }
    nothing: dict[str, Any] = {"tags": [], "labels": {}, "empirical_policy": {}, "task_inputs": {}}
    await world.insert(tables.task_run, row | nothing)
    state = {"day": NOON.date(), "id": uuid7(), "task_run_id": id, "type": "RUNNING"}
    await insert(world, tables.task_run_state, {**state, "name": "Running", "timestamp": NOON})


async def add_line(world: World, flow_run_id: UUID) -> None:
    line = {"day": NOON.date(), "id": uuid7(), "name": "flow", "level": 20, "message": "words"}
    await insert(world, tables.log, {**line, "timestamp": NOON, "flow_run_id": flow_run_id})


async def insert(world: World, table: Any, row: dict[str, Any]) -> None:
    common = {"workspace_id": SCOPE.workspace_id, "created": NOON}
    common = {name: value for name, value in common.items() if name in table.c}
    async with world.database.write() as connection:
        await connection.execute(table.insert().values(**common, **row))


async def clear(world: World) -> int:
    """Clear until there is nothing left; in how many parts."""
    for parts in range(100):
        if not await clear_a_part(world):
            return parts
    raise AssertionError("It never ends.")


async def clear_a_part(world: World) -> bool:
    async with world.database.write() as connection:
        return await clear_more(connection, now=world.clock())


async def die_in_the_middle(world: World) -> None:
    async with world.database.write() as connection:
        await clear_more(connection, now=world.clock())
        raise SystemExit


async def left(world: World) -> dict[str, int]:
    """Rows of runs, by table; those without any are not named."""
    counts = {table.name: len(await world.rows(table)) for table in OF_RUNS}
    return {name: count for name, count in counts.items() if count}


async def delete_the_flow(world: World) -> None:
    async with world.database.write() as connection:
        await delete_flow(connection, SCOPE, world.flow_id, now=world.clock())


async def listed(world: World) -> set[UUID]:
    async with world.database.read() as connection:
        runs = await read_flow_runs(
            connection, SCOPE, Filters(), FlowRunSort.ID_DESC, Window(200), now=world.clock()
        )
    return {run.id for run in runs}


async def test_a_small_flow_goes_whole_in_one_transaction(world: World, queue: Queue) -> None:
    await finished(world, 1, with_rows=1)
    await world.create(StateType.SCHEDULED, queue=queue)
    await delete_the_flow(world)
    assert await left(world) == {}
    assert await clear(world) == 0


async def test_the_history_of_a_flow_goes_a_part_at_a_time(world: World) -> None:
    runs = await finished(world, 2 * FEW, with_rows=FEW)
    await delete_the_flow(world)
    assert await listed(world) == set(runs), "what is left to clear breaks no list"
    assert await clear(world) > FEW
    assert await left(world) == {}
    assert await world.rows(tables.deletion) == []


async def test_who_dies_in_the_middle_leaves_the_rest_to_the_next_one(world: World) -> None:
    await finished(world, 2 * FEW, with_rows=FEW)
    await delete_the_flow(world)
    before = await left(world)
    with pytest.raises(SystemExit):
        await die_in_the_middle(world)
    assert await left(world) == before
    await clear(world)
    assert await left(world) == {}


async def test_what_is_under_way_goes_with_its_flow_at_once(world: World, queue: Queue) -> None:
    await finished(world, 2 * FEW)
    deployment = await world.deployment()
    await world.fill(queue, 4, deployment_id=deployment)
    [started, taken] = await world.claim(queue, limit=2)
    await world.propose(
        started.flow_run.id, StateType.RUNNING, execution_id=started.execution_id, leased=True
    )
    alone = await world.create(StateType.SCHEDULED, queue=queue)
    await delete_the_flow(world)
    gone = {started.flow_run.id, taken.flow_run.id, alone.id}
    assert not gone & await listed(world)
    assert await world.rows(tables.execution) == []
    assert await world.rows(tables.dispatchable) == []
    assert await world.claim(queue) == []
    await clear(world)
    assert await left(world) == {}


async def waiting(world: World, queue: Queue, deployment: UUID) -> Sequence[UUID]:
    await world.fill(queue, 3 * FEW, deployment_id=deployment)
    return sorted(await listed(world))


async def test_of_a_deleted_deployment_nothing_starts_and_what_never_did_goes(
    world: World, queue: Queue
) -> None:
    deployment = await world.deployment()
    runs = await waiting(world, queue, deployment)
    [claimed] = await world.claim(queue, limit=1)
    [over] = await finished(world, 1)
    async with world.database.write() as connection:
        await delete_deployment(connection, SCOPE, deployment, now=world.clock())
    assert await world.claim(queue) == []
    assert await served(world, deployment) == []
    refused = await world.propose(runs[-1], StateType.PENDING)
    assert refused.decision.status is SetStateStatus.ABORT
    assert refused.decision.reason == "The deployment of the run was deleted."
    went_on = await world.propose(
        claimed.flow_run.id, StateType.RUNNING, execution_id=claimed.execution_id
    )
    assert went_on.decision.status is SetStateStatus.ACCEPT
    assert await clear(world) > 1
    assert await listed(world) == {claimed.flow_run.id, over}
    assert await world.rows(tables.deletion) == []


async def served(world: World, deployment: UUID) -> list[UUID]:
    due = Due(before=world.clock() + timedelta(hours=1))
    async with world.database.read() as connection:
        runs = await read_scheduled_runs_of_deployments(
            connection, SCOPE, [deployment], due, limit=200, now=world.clock()
        )
    return [run.id for run in runs]


async def test_of_a_deleted_pool_the_runs_that_wait_stay_without_it(
    world: World, queue: Queue
) -> None:
    runs = await waiting(world, queue, await world.deployment())
    async with world.database.write() as connection:
        await delete_work_pool(connection, SCOPE, str(queue.work_pool_id), now=world.clock())
    assert await world.rows(tables.dispatchable) == []
    assert await listed(world) == set(runs)
    assert await clear(world) > 1
    rows = await world.rows(tables.flow_run)
    assert {row["id"] for row in rows} == set(runs)
    assert {row["work_pool_id"] for row in rows} == {None}
    assert {row["blocking_reason"] for row in rows} == {"The work pool of the run was deleted."}


async def test_what_a_newer_version_deletes_is_left_to_it(world: World) -> None:
    row = {"id": uuid7(), "kind": "workspace", "object_id": uuid7()}
    await insert(world, tables.deletion, row)
    assert await clear(world) == 0
    assert len(await world.rows(tables.deletion)) == 1


async def delete_run(world: World, id: UUID) -> None:
    async with world.database.write() as connection:
        await delete_flow_run(connection, SCOPE, id, now=world.clock())


async def seen(world: World) -> dict[str, int]:
    """How many of each kind somebody is told of who asks for all of them, and for their count."""
    everything, window = Filters(), Window(200)
    async with world.database.read() as connection:
        tasks = await read_task_runs(
            connection, SCOPE, everything, TaskRunSort.ID_DESC, window, now=NOON
        )
        by_state = await count_task_runs_by_state(connection, SCOPE, everything)
        return {
            "runs": await count_flow_runs(connection, SCOPE, everything),
            "tasks": len(tasks),
            "counted": await count_task_runs(connection, SCOPE, everything),
            "running": by_state.RUNNING,
            "lines": len(await read_logs(connection, SCOPE, None, LogSort.TIMESTAMP_ASC, window)),
        }


async def test_a_deleted_run_is_gone_for_whoever_asks_and_cleared_a_part_at_a_time(
    world: World,
) -> None:
    [stays] = await finished(world, 1, with_rows=1)
    before = await left(world)
    [gone] = await finished(world, 1, with_rows=4 * FEW)
    tasks = [row["id"] for row in await world.rows(tables.task_run) if row["flow_run_id"] == gone]
    await delete_run(world, gone)
    assert await seen(world) == {"runs": 1, "tasks": 1, "counted": 1, "running": 1, "lines": 1}
    assert await listed(world) == {stays}
    async with world.database.read() as connection:
        with pytest.raises(ObjectNotFound):
            await read_flow_run(connection, SCOPE, gone, now=NOON)
        with pytest.raises(ObjectNotFound):
            await read_task_run(connection, SCOPE, tasks[-1], now=NOON)
        assert await read_flow_run_states(connection, SCOPE, gone) == []
        assert await read_task_run_states(connection, SCOPE, tasks[-1]) == []
        assert await count_task_runs_of_flow_runs(connection, SCOPE, [gone]) == {gone: 0}
    with pytest.raises(ObjectNotFound):
        await delete_run(world, gone)
    sizes = [sum((await left(world)).values())]
    while await clear_a_part(world):
        sizes.append(sum((await left(world)).values()))
    assert len(sizes) > FEW
    assert max(one - next for one, next in pairwise(sizes)) <= 2 * FEW
    assert await left(world) == before


async def test_what_comes_late_of_a_deleted_run_is_hidden_and_goes_after_a_while(
    world: World,
) -> None:
    [gone] = await finished(world, 1, with_rows=2 * FEW)
    await delete_run(world, gone)
    assert await clear(world) > 1
    assert await left(world) == {}
    await add_task_run(world, gone, 0)
    await add_line(world, gone)
    assert set((await seen(world)).values()) == {0}
    assert await clear(world) == 0, "it is looked for once, and not all the time"
    world.clock.step(deletions.LATE.total_seconds() + 1)
    await clear(world)
    assert await left(world) == {}
    assert await world.rows(tables.deletion) == []


async def test_many_deleted_runs_are_cleared_in_parts_as_well(world: World) -> None:
    runs = await finished(world, 2 * FEW, with_rows=FEW)
    async with world.database.write() as connection:
        deleted = await delete_flow_runs(connection, SCOPE, Filters(), limit=200, now=world.clock())
    assert deleted == sorted(runs, reverse=True)
    assert set((await seen(world)).values()) == {0}
    assert len(await world.rows(tables.log)) > 0
    await clear(world)
    assert await left(world) == {}


async def test_what_a_deleted_run_called_in_its_process_can_be_found_until_it_ended(
    world: World,
) -> None:
    [gone] = await finished(world, 1)
    await add_task_run(world, gone, 0)
    [stands_in] = await world.rows(tables.task_run)
    child = await world.create(StateType.RUNNING)
    await set_parent(world, child.id, stands_in["id"])
    await delete_run(world, gone)
    await clear(world)
    async with world.database.read() as connection:
        [found] = await read_abandoned_flow_runs(connection, SCOPE, limit=10)
    assert found.id == child.id
    await world.propose(child.id, StateType.CRASHED)
    world.clock.step(deletions.LATE.total_seconds() + 1)
    await clear(world)
    assert await world.rows(tables.task_run) == []
    [row] = await world.rows(tables.flow_run)
    assert row["parent_task_run_id"] is None


async def set_parent(world: World, flow_run_id: UUID, task_run_id: UUID) -> None:
    columns = tables.flow_run.c
    async with world.database.write() as connection:
        await connection.execute(
            tables.flow_run.update()
            .where(columns.id == flow_run_id)
            .values(parent_task_run_id=task_run_id)
        )
