"""Flows, deployments, pools and runs to test with, made with as little as they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from windlass.ids import uuid7
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage import tables
from windlass_services.storage.database import Database
from windlass_services.storage.hot.facts import Decision, Dispatch, FlowRunTransition
from windlass_services.storage.hot.protocol import Claim, NewFlowRun, TransitionOutcome
from windlass_services.storage.scope import Scope

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = Scope()


@dataclass(slots=True)
class SteppedClock:
    """A clock that moves when told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def step(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its pool."""

    id: UUID
    work_pool_id: UUID


@dataclass(slots=True)
class World:
    """Makes what a test needs, and asks the shortest way."""

    database: Database
    clock: SteppedClock
    flow_id: UUID = field(default_factory=uuid7)

    async def flow(self) -> None:
        """The one flow that all runs are of."""
        named: dict[str, Any] = {"name": "flow", "tags": [], "labels": {}}
        await self.insert(tables.flow, {"id": self.flow_id, **named})

    async def deployment(self, *, limit: int | None = None) -> UUID:
        id = uuid7()
        row: dict[str, Any] = {
            "id": id,
            "flow_id": self.flow_id,
            "name": str(id),
            "tags": ["nightly"],
            "labels": {},
            "parameters": {"x": 1},
            "enforce_parameter_schema": True,
            "job_variables": {"image": "python"},
            "concurrency_limit": limit,
            "concurrency_options": {"collision_strategy": "ENQUEUE"} if limit else None,
            "status": "READY",
        }
        await self.insert(tables.deployment, row)
        return id

    async def pool(self, *, limit: int | None = None, is_paused: bool = False) -> UUID:
        id = uuid7()
        row: dict[str, Any] = {
            "id": id,
            "name": str(id),
            "type": "process",
            "base_job_template": {},
            "is_paused": is_paused,
            "concurrency_limit": limit,
            "storage_configuration": {},
            "status": "READY",
        }
        await self.insert(tables.work_pool, row)
        return id

    async def queue(
        self,
        work_pool_id: UUID | None = None,
        *,
        priority: int = 1,
        limit: int | None = None,
        is_paused: bool = False,
    ) -> Queue:
        pool = work_pool_id or await self.pool()
        id = uuid7()
        row: dict[str, Any] = {
            "id": id,
            "work_pool_id": pool,
            "name": str(id),
            "priority": priority,
            "is_paused": is_paused,
            "concurrency_limit": limit,
            "status": "READY",
        }
        await self.insert(tables.work_queue, row)
        return Queue(id, pool)

    async def create(
        self,
        type: StateType = StateType.PENDING,
        *,
        queue: Queue | None = None,
        deployment_id: UUID | None = None,
        due_in: float = 0,
        **fields: Any,
    ) -> FlowRun:
        """Create a run in a state of this type."""
        new = self.new(type, queue=queue, deployment_id=deployment_id, due_in=due_in, **fields)
        [created] = await self.database.hot.create_flow_runs(SCOPE, [new])
        return created.run

    async def fill(self, queue: Queue, count: int, *, deployment_id: UUID | None = None) -> None:
        """Put due runs into a queue."""
        new = [
            self.new(StateType.SCHEDULED, queue=queue, due_in=-1, deployment_id=deployment_id)
            for _ in range(count)
        ]
        await self.database.hot.create_flow_runs(SCOPE, new)

    def new(
        self,
        type: StateType = StateType.PENDING,
        *,
        queue: Queue | None = None,
        deployment_id: UUID | None = None,
        due_in: float = 0,
        **fields: Any,
    ) -> NewFlowRun:
        """A run to create; a scheduled one with a queue may be handed out."""
        now = self.clock()
        state = self.state(type, due_in=due_in)
        values: dict[str, Any] = {
            "id": uuid7(),
            "name": "run",
            "flow_id": self.flow_id,
            "deployment_id": deployment_id,
            "work_queue_id": queue and queue.id,
            "work_pool_id": queue and queue.work_pool_id,
            "state": state,
            "state_id": state.id,
            "state_type": type,
            "state_name": state.name,
            "created": now,
            "updated": now,
            "expected_start_time": state.state_details.scheduled_time or now,
            "next_scheduled_start_time": state.state_details.scheduled_time,
            **fields,
        }
        run = FlowRun(**values)
        due = state.state_details.scheduled_time
        dispatch = Dispatch(due) if due and queue else None
        decision = Decision(SetStateStatus.ACCEPT, state, dispatch=dispatch)
        return NewFlowRun(run, decision, work_pool_id=run.work_pool_id)

    def state(self, type: StateType, *, due_in: float | None = None, **fields: Any) -> State:
        now = self.clock()
        details = StateDetails()
        if type is StateType.SCHEDULED:
            details = StateDetails(scheduled_time=now + timedelta(seconds=due_in or 0))
        values: dict[str, Any] = {"timestamp": now, "state_details": details, **fields}
        return State(id=uuid7(), type=type, **values)

    async def propose(
        self, flow_run_id: UUID, type: StateType, *, name: str = "", **fields: Any
    ) -> TransitionOutcome:
        """Propose a state of this type; `fields` are those of the transition."""
        state = self.state(type, name=name)
        return await self.database.hot.transition(
            SCOPE, FlowRunTransition(flow_run_id, state, **fields)
        )

    async def claim(
        self, pool: UUID | Queue, *, limit: int = 10, **fields: Any
    ) -> list[ClaimedRun]:
        """Claim from every queue of a pool, due runs only."""
        pool_id = pool.work_pool_id if isinstance(pool, Queue) else pool
        return await self.database.hot.claim(SCOPE, self.claim_of(pool_id, limit=limit, **fields))

    def claim_of(self, work_pool_id: UUID, **fields: Any) -> Claim:
        values: dict[str, Any] = {
            "work_queue_ids": None,
            "limit": 10,
            "worker_name": "worker",
            "request_id": uuid4(),
            "due_before": self.clock(),
            "start_deadline": timedelta(seconds=60),
            "lease": timedelta(seconds=30),
            **fields,
        }
        return Claim(work_pool_id, **values)

    async def insert(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Insert a row through SQLAlchemy, as lists and CRUD do."""
        common = {"workspace_id": SCOPE.workspace_id, "created": NOON, "updated": NOON}
        async with self.database.write() as connection:
            await connection.execute(sa.insert(table).values(**common, **row))

    async def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        """Rows as SQLAlchemy reads them."""
        async with self.database.read() as connection:
            found = await connection.execute(sa.select(table).where(*where))
            return [dict(row) for row in found.mappings()]

    async def update(self, table: sa.Table, id: UUID, **values: Any) -> None:
        async with self.database.write() as connection:
            await connection.execute(sa.update(table).where(table.c.id == id).values(**values))
