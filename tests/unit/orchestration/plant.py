"""An orchestrator on a real database, and the shortest way to ask it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.unit.orchestration.model import TERMS
from windlass.clock import utc_now
from windlass.schemas.deployments import Deployment, DeploymentCreate
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun
from windlass.schemas.flows import Flow, FlowCreate
from windlass.schemas.orchestration import OrchestrationResult
from windlass.schemas.states import State
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.storage.database import Database
from windlass_services.storage.deployment_changes import create_deployment
from windlass_services.storage.flow_runs import read_flow_run
from windlass_services.storage.flows import find_or_create_flow
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import create_work_pool

SCOPE = Scope()


@dataclass(slots=True)
class Plant:
    """Makes what a test needs, and asks. `woken` are the pools that were told of work."""

    database: Database
    orchestrator: Orchestrator
    woken: list[UUID] = field(default_factory=list[UUID])

    async def flow(self) -> Flow:
        async with self.database.write() as connection:
            wanted = FlowCreate(name="flow", labels={"team": "a"})
            flow, _ = await find_or_create_flow(connection, SCOPE, wanted, now=utc_now())
        return flow

    async def pool(self) -> WorkPool:
        async with self.database.write() as connection:
            wanted = WorkPoolCreate(name="pool", type="process")
            return await create_work_pool(connection, SCOPE, wanted, now=utc_now())

    async def deployment(self, **known: Any) -> Deployment:
        flow = await self.flow()
        usual: dict[str, Any] = {"name": "nightly", "flow_id": flow.id}
        wanted = DeploymentCreate(**usual | known)
        async with self.database.write() as connection:
            made, _ = await create_deployment(connection, SCOPE, wanted, now=utc_now())
        return made

    async def run_of(self, deployment: Deployment, **wanted: Any) -> FlowRun:
        asked = RunFromDeployment(DeploymentFlowRunCreate(**wanted))
        [made] = await self.orchestrator.create_from_deployment(SCOPE, deployment.id, [asked])
        return made.run

    async def claim(self, pool: WorkPool, *, limit: int = 10) -> list[ClaimedRun]:
        claim = Claim(
            work_pool_id=pool.id,
            work_queue_ids=None,
            limit=limit,
            worker_name="worker",
            request_id=uuid4(),
            due_before=utc_now() + timedelta(seconds=1),
            start_deadline=TERMS.start_deadline,
            lease=TERMS.lease,
        )
        return await self.orchestrator.claim(SCOPE, claim)

    async def propose(self, flow_run_id: UUID, state: State, **how: Any) -> OrchestrationResult:
        transition = FlowRunTransition(flow_run_id, state, **how)
        return await self.orchestrator.propose(SCOPE, transition)

    async def read(self, flow_run_id: UUID) -> FlowRun:
        async with self.database.read() as connection:
            return await read_flow_run(connection, SCOPE, flow_run_id, now=utc_now())
