"""What a cancelled flow run has called is cancelled with it, and what it merely left is not."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRunCreate
from windlass.schemas.reports import ReportedState, TaskRunReport
from windlass.schemas.state_constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Running,
)
from windlass.schemas.states import State, StateCreate, StateType
from windlass.schemas.task_runs import TaskRunCreate
from windlass.schemas.work_pools import WorkPoolCreate
from windlass.settings.resolve import resolve
from windlass_services.events.reports import take_in_reports
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops import cancelled_children
from windlass_services.scheduler.loops.abandoned_runs import end_abandoned_runs
from windlass_services.scheduler.loops.cancelled_children import cancel_children
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Family:
    """Runs that have called each other, made with as little as they need."""

    services: ServiceContext
    client: WindlassClient
    flow_id: UUID
    deployment_id: UUID

    async def run(self, parent: UUID | None = None) -> UUID:
        """A scheduled run of a deployment, which the parent may have asked for."""
        tracking = None if parent is None else await self.task(parent)
        wanted = DeploymentFlowRunCreate(parent_task_run_id=tracking)
        return (await self.client.create_flow_run_from_deployment(self.deployment_id, wanted)).id

    async def call(self, parent: UUID) -> UUID:
        """A run of a flow that the parent called in its process."""
        wanted = FlowRunCreate(flow_id=self.flow_id, parent_task_run_id=await self.task(parent))
        return (await self.client.create_flow_run(wanted)).id

    async def task(self, parent: UUID, type: StateType = StateType.PENDING) -> UUID:
        state = StateCreate(type=type)
        id = str(uuid7())
        wanted = TaskRunCreate(flow_run_id=parent, task_key="t", dynamic_key=id, state=state)
        return (await self.client.create_task_run(wanted)).id

    async def report(self, id: UUID, parent: UUID, type: StateType, at: datetime) -> None:
        """What the client says of a task run that it orchestrates."""
        name = type.value.capitalize()
        entered = ReportedState(id=uuid7(), type=type, name=name, timestamp=at, run_count=1)
        report = TaskRunReport(
            id=id,
            flow_run_id=parent,
            task_key="t",
            dynamic_key=str(id),
            name="t",
            run_count=1,
            states=[entered],
        )
        await take_in_reports(self.services, Scope(), [report])

    async def enter(self, run: UUID, state: State) -> None:
        entered = state.model_copy(update={"id": uuid7(), "timestamp": utc_now()})
        answer = await self.services.orchestrator.propose(Scope(), FlowRunTransition(run, entered))
        assert answer.status == "ACCEPT"

    async def states(self, *runs: UUID) -> list[str | None]:
        return [(await self.client.read_flow_run(run)).state_name for run in runs]

    async def cancel_all(self) -> list[int]:
        """Pass after pass, until there is nothing left to do."""
        passes = [await cancel_children(self.services)]
        while passes[-1]:
            passes.append(await cancel_children(self.services))
        return passes

    async def end_all(self, at: datetime | None = None) -> None:
        """What has no process any more, by default as of when the last word of one has come."""
        then = at or utc_now() + timedelta(minutes=1)
        while await end_abandoned_runs(replace(self.services, clock=lambda: then)):
            pass


@pytest.fixture
async def family(services: ServiceContext, client: WindlassClient) -> Family:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    deployment = await client.create_deployment(create)
    return Family(services, client, flow_id, deployment.id)


async def test_all_generations_below_a_cancelled_run_are_cancelled(family: Family) -> None:
    runs = [await family.run()]
    for _ in range(3):
        await family.enter(runs[-1], Running())
        runs.append(await family.run(runs[-1]))
    waiting = await family.run(runs[0])
    await family.enter(runs[0], Cancelling())
    assert await family.cancel_all() == [2, 1, 1, 0]
    assert await family.states(*runs) == ["Cancelling"] * 3 + ["Cancelled"]
    assert await family.states(waiting) == ["Cancelled"]
    history = await family.client.read_flow_run_states(waiting)
    assert [state.name for state in history] == ["Scheduled", "Cancelled"]


async def test_a_run_that_was_cancelled_at_once_takes_its_children_along(family: Family) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    paused, called = await family.run(parent), await family.call(parent)
    for run in (paused, called):
        await family.enter(run, Running())
    await family.enter(paused, Paused())
    await family.enter(parent, Cancelled())
    assert await family.cancel_all() == [2, 0]
    assert await family.states(paused, called) == ["Cancelling"] * 2


@pytest.mark.parametrize("end", [Completed(), Failed(), Crashed()], ids=lambda end: end.name)
async def test_a_run_that_ends_otherwise_leaves_the_runs_that_it_asked_for(
    family: Family, end: State
) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    child = await family.run(parent)
    await family.enter(parent, end)
    assert await family.cancel_all() == [0]
    await family.end_all()
    assert await family.states(child) == ["Scheduled"]


async def test_a_call_that_crashed_with_a_cancelled_run_hides_no_grandchild(
    family: Family,
) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    called = await family.call(parent)
    await family.enter(called, Running())
    grandchild = await family.run(called)
    await family.enter(called, Crashed())
    assert await family.cancel_all() == [0]
    await family.enter(parent, Cancelling())
    assert await family.cancel_all() == [1, 0]
    assert await family.states(grandchild) == ["Cancelled"]


async def test_children_that_are_over_stay_as_they_are(family: Family) -> None:
    parent = await family.run()
    child = await family.run(parent)
    for run, state in ((parent, Running()), (child, Running()), (child, Completed())):
        await family.enter(run, state)
    await family.enter(parent, Cancelling())
    assert await family.cancel_all() == [0]


async def test_what_ran_in_the_process_of_a_cancelled_run_ends_with_it(family: Family) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    called = await family.call(parent)
    await family.enter(called, Running())
    within = await family.call(called)
    await family.enter(within, Running())
    task = await family.task(within, StateType.RUNNING)
    await family.enter(parent, Cancelling())
    assert await family.cancel_all() == [1, 1, 0]
    await family.end_all()
    assert await family.states(called, within) == ["Cancelling"] * 2, "their process is alive"
    at_once = utc_now()
    await family.enter(parent, Cancelled())
    await family.end_all(at_once)
    assert await family.states(parent, called, within) == ["Cancelled"] * 3
    state = (await family.client.read_task_run(task)).state_name
    assert state == "Running", "what its process said last may be on its way"
    await family.end_all()
    assert (await family.client.read_task_run(task)).state_name == "Cancelled"


async def test_what_ran_in_a_lost_process_crashes_whatever_it_waited_for(family: Family) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    called = [await family.call(parent) for _ in range(3)]
    for run in called:
        await family.enter(run, Running())
    await family.enter(called[0], Paused())
    await family.enter(called[1], Cancelling())
    await family.enter(parent, Crashed())
    await family.end_all()
    assert await family.states(*called) == ["Crashed", "Cancelled", "Crashed"]


async def test_what_ran_in_the_process_of_a_deleted_run_ends(family: Family) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    called = await family.call(parent)
    await family.enter(called, Running())
    await family.client.delete_flow_run(parent)
    await family.end_all()
    assert await family.states(called) == ["Crashed"]


async def test_what_a_lost_process_did_to_its_end_counts_though_it_is_heard_of_late(
    family: Family,
) -> None:
    parent = await family.run()
    await family.enter(parent, Running())
    began = utc_now()
    done, lost = uuid7(), uuid7()
    for id in (done, lost):
        await family.report(id, parent, StateType.RUNNING, began)
    await family.enter(parent, Crashed())
    await family.end_all()
    for id in (done, lost):
        run = await family.client.read_task_run(id)
        assert run.state is not None
        assert (run.state_name, run.state.state_details.presumed) == ("Crashed", True)
    for _ in range(2):
        await family.report(done, parent, StateType.COMPLETED, began + timedelta(microseconds=1))
        await family.report(lost, parent, StateType.RUNNING, began)
    await family.end_all()
    run = await family.client.read_task_run(done)
    assert run.state is not None
    assert (run.state_name, run.state.state_details.presumed) == ("Completed", False)
    assert (await family.client.read_task_run(lost)).state_name == "Crashed"


async def test_who_does_not_want_it_has_no_such_duty(
    services: ServiceContext, tmp_path: Path
) -> None:
    assert cancelled_children.duty(services) is not None
    said = {"WINDLASS_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false"}
    settings = resolve({"WINDLASS_HOME": str(tmp_path)} | said, None)
    assert cancelled_children.duty(replace(services, settings=settings)) is None
