"""Task runs that the server orchestrates, and those that stand for child flow runs."""

from uuid import UUID

import pytest

from tests.unit.orchestration.plant import SCOPE, Plant
from windlass.clock import utc_now
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Completed, Failed, Pending, Running
from windlass.schemas.states import State
from windlass.schemas.task_runs import TaskRun, TaskRunCreate
from windlass_services.storage.run_states import read_task_run_states
from windlass_services.storage.task_run_transitions import show_children_in_parents
from windlass_services.storage.task_runs import find_or_create_task_run, read_task_run


async def a_task_run(plant: Plant, flow_run_id: UUID | None = None) -> UUID:
    wanted = TaskRunCreate(task_key="t", dynamic_key="0", flow_run_id=flow_run_id)
    async with plant.database.write() as connection:
        id, _ = await find_or_create_task_run(connection, SCOPE, wanted, now=utc_now())
    return id


async def a_flow_run(plant: Plant, *states: State, parent: UUID | None = None) -> UUID:
    flow = await plant.flow()
    wanted = FlowRunCreate(flow_id=flow.id, parent_task_run_id=parent)
    run = (await plant.orchestrator.create_flow_run(SCOPE, wanted)).run
    for state in states:
        await plant.propose(run.id, state)
    return run.id


async def read(plant: Plant, id: UUID) -> TaskRun:
    async with plant.database.read() as connection:
        return await read_task_run(connection, SCOPE, id, now=utc_now())


async def states_of(plant: Plant, id: UUID) -> list[str]:
    async with plant.database.read() as connection:
        return [state.name for state in await read_task_run_states(connection, SCOPE, id)]


async def relay(plant: Plant, *flow_run_ids: UUID) -> None:
    async with plant.database.write() as connection:
        await show_children_in_parents(connection, flow_run_ids, now=utc_now())


async def test_an_accepted_state_is_kept_with_what_it_changes(plant: Plant) -> None:
    id = await a_task_run(plant, await a_flow_run(plant, Running()))
    for state in (Pending(), Running(), Completed(data={"v": 1})):
        result = await plant.orchestrator.propose_task_run(SCOPE, id, state, force=False)
        assert result.status is SetStateStatus.ACCEPT
    run = await read(plant, id)
    assert run.state is not None
    assert (run.state.name, run.state.data) == ("Completed", {"v": 1})
    assert (run.run_count, run.flow_run_run_count) == (1, 1)
    assert await states_of(plant, id) == ["Pending", "Running", "Completed"]


async def test_the_flow_run_has_a_say(plant: Plant) -> None:
    id = await a_task_run(plant, await a_flow_run(plant))
    result = await plant.orchestrator.propose_task_run(SCOPE, id, Running(), force=False)
    assert (result.status, result.state) == (SetStateStatus.ABORT, None)
    forced = await plant.orchestrator.propose_task_run(SCOPE, id, Running(), force=True)
    assert forced.status is SetStateStatus.ACCEPT


async def test_a_task_run_that_does_not_exist_is_not_found(plant: Plant) -> None:
    with pytest.raises(ObjectNotFound):
        await plant.orchestrator.propose_task_run(SCOPE, uuid7(), Running(), force=False)


async def test_a_parent_shows_the_state_of_its_child(plant: Plant) -> None:
    parent = await a_flow_run(plant, Running())
    stand_in = await a_task_run(plant, parent)
    child = await a_flow_run(plant, Running(), parent=stand_in)
    await relay(plant, parent, child)
    await plant.propose(child, Failed(message="no"))
    await relay(plant, child)
    run = await read(plant, stand_in)
    assert run.state is not None
    assert (run.state.name, run.state.message, run.run_count) == ("Failed", "no", 1)
    details = run.state.state_details
    assert (details.child_flow_run_id, details.flow_run_id) == (child, parent)
    assert await states_of(plant, stand_in) == ["Running", "Failed"]


async def test_showing_a_child_again_changes_nothing(plant: Plant) -> None:
    stand_in = await a_task_run(plant, await a_flow_run(plant, Running()))
    child = await a_flow_run(plant, Running(), parent=stand_in)
    await relay(plant, child)
    before = await read(plant, stand_in)
    await relay(plant, child, child)
    assert (await read(plant, stand_in)).updated == before.updated
    assert await states_of(plant, stand_in) == ["Running"]
