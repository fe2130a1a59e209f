"""Pools, queues, deployments and runs for tests of storage: made in one line each."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from windlass.ids import uuid7
from windlass.schemas.deployments import Deployment, DeploymentCreate
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import FlowCreate
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateDetails, StateType
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate
from windlass_services.storage import tables
from windlass_services.storage.database import Database
from windlass_services.storage.deployment_changes import create_deployment
from windlass_services.storage.flows import find_or_create_flow
from windlass_services.storage.hot.facts import Decision, Dispatch, RunColumns
from windlass_services.storage.hot.protocol import NewFlowRun
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import create_work_pool
from windlass_services.storage.work_queues import create_work_queue

NOW: Final = datetime.now(UTC).replace(microsecond=0)
"""When everything is made unless a test says otherwise; today, for the partitions' sake."""
SCOPE: Final = Scope()


async def make_pool(database: Database, name: str = "pool", **fields: object) -> WorkPool:
    """A work pool of type `process`."""
    create = WorkPoolCreate.model_validate({"name": name, "type": "process", **fields})
    async with database.write() as connection:
        return await create_work_pool(connection, SCOPE, create, now=NOW)


async def make_queue(
    database: Database, name: str, pool: str = "pool", **fields: object
) -> WorkQueue:
    """A work queue, last in its pool unless it says its priority."""
    create = WorkQueueCreate.model_validate({"name": name, **fields})
    async with database.write() as connection:
        return await create_work_queue(connection, SCOPE, pool, create, now=NOW)


async def make_flow(database: Database, name: str = "flow") -> UUID:
    """The id of a flow."""
    async with database.write() as connection:
        flow, _ = await find_or_create_flow(connection, SCOPE, FlowCreate(name=name), now=NOW)
    return flow.id


async def deploy(
    database: Database, name: str = "deployment", *, now: datetime = NOW, **fields: object
) -> Deployment:
    """Create or redeploy `flow/<name>`, saying only `fields`."""
    flow_id = await make_flow(database)
    create = DeploymentCreate.model_validate({"name": name, "flow_id": flow_id, **fields})
    async with database.write() as connection:
        deployment, _ = await create_deployment(connection, SCOPE, create, now=now)
    return deployment


async def make_run(
    database: Database,
    deployment: Deployment,
    *,
    due_in: float = 0.0,
    auto_scheduled: bool = False,
    schedule_id: UUID | None = None,
    run_count: int = 0,
    state_name: str = "Scheduled",
) -> UUID:
    """The id of a scheduled run of a deployment that is due in so many seconds."""
    due = NOW + timedelta(seconds=due_in)
    state = State(
        type=StateType.SCHEDULED,
        name=state_name,
        timestamp=NOW,
        state_details=StateDetails(scheduled_time=due),
    )
    run = FlowRun(
        id=uuid7(),
        name="run",
        flow_id=deployment.flow_id,
        deployment_id=deployment.id,
        work_queue_id=deployment.work_queue_id,
        state=state,
        state_id=state.id,
        state_type=state.type,
        state_name=state.name,
        run_count=run_count,
        next_scheduled_start_time=due,
        expected_start_time=due,
        auto_scheduled=auto_scheduled,
    )
    columns = RunColumns(run_count, due, due, None, None, 0.0, {})
    pool_id = await _pool_of(database, deployment)
    dispatch = None if pool_id is None else Dispatch(due)
    decision = Decision(SetStateStatus.ACCEPT, state, columns=columns, dispatch=dispatch)
    new = NewFlowRun(run, decision, work_pool_id=pool_id, schedule_id=schedule_id)
    await database.hot.create_flow_runs(SCOPE, [new])
    return run.id


async def open_execution(database: Database, run_id: UUID, *, live: bool = True) -> str:
    """The id of the first execution of a run, which then owns the run and is not handed out."""
    id = f"{run_id}.1"
    async with database.write() as connection:
        run = tables.flow_run.c
        row = (
            (await connection.execute(sa.select(tables.flow_run).where(run.id == run_id)))
            .mappings()
            .one()
        )
        shared = ("workspace_id", "deployment_id", "work_pool_id", "work_queue_id")
        await connection.execute(
            sa.insert(tables.execution).values(
                id=id,
                flow_run_id=run_id,
                generation=1,
                opened_at=NOW,
                ended_at=None if live else NOW,
                **{name: row[name] for name in shared},
            )
        )
        await connection.execute(
            sa.update(tables.flow_run).where(run.id == run_id).values(execution_id=id)
        )
        await connection.execute(
            sa.delete(tables.dispatchable).where(tables.dispatchable.c.flow_run_id == run_id)
        )
    return id


async def run_ids(database: Database) -> set[UUID]:
    """The ids of all runs."""
    async with database.read() as connection:
        return set((await connection.execute(sa.select(tables.flow_run.c.id))).scalars())


async def _pool_of(database: Database, deployment: Deployment) -> UUID | None:
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(tables.deployment.c.work_pool_id).where(
                tables.deployment.c.id == deployment.id
            )
        )
        return rows.scalar_one()
