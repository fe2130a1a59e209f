"""Reading what flow runs are made from: their flow, their deployment, and where they will wait."""

from dataclasses import dataclass
from uuid import UUID

from windlass.clock import Clock
from windlass.exceptions import NotPossible, ObjectNotFound
from windlass.schemas.deployments import Deployment
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.work_pools import WorkPool
from windlass.schemas.work_queues import WorkQueue
from windlass_services.orchestration.creation import Origin, Place
from windlass_services.storage.database import Database
from windlass_services.storage.deployments import read_deployment
from windlass_services.storage.ensured_queues import ensure_work_queue
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import read_work_pool
from windlass_services.storage.work_queues import read_work_queue, read_work_queue_by_name


@dataclass(frozen=True, slots=True)
class Origins:
    """Reads from one database. Everything raises `ObjectNotFound` for what is not there."""

    database: Database
    clock: Clock

    async def of_flow_run(self, scope: Scope, wanted: FlowRunCreate) -> Origin:
        """Of a run that names its pool and queue itself, or neither."""
        flow = await self.database.hot.read_flow(scope, wanted.flow_id)
        deployment = None
        if wanted.deployment_id is not None:
            async with self.database.read() as connection:
                deployment = await read_deployment(connection, scope, wanted.deployment_id)
        place = None
        if wanted.work_pool_name is not None:
            place = await self._place(scope, wanted.work_pool_name, wanted.work_queue_name)
        return Origin(flow, deployment, place)

    async def of_deployment(
        self, scope: Scope, deployment_id: UUID, work_queue_name: str | None = None
    ) -> Origin:
        """Of a run of a deployment, in the deployment's queue or in another one of its pool."""
        async with self.database.read() as connection:
            deployment = await read_deployment(connection, scope, deployment_id)
        flow = await self.database.hot.read_flow(scope, deployment.flow_id)
        if deployment.work_pool_name is None:
            if work_queue_name is not None:
                raise NotPossible(
                    f"The deployment {deployment.name!r} has no work pool, so there is no work"
                    f" queue {work_queue_name!r} for its runs. Leave the queue out."
                )
            return Origin(flow, deployment)
        if work_queue_name is None:
            return Origin(flow, deployment, await self._own_place(scope, deployment))
        place = await self._place(scope, deployment.work_pool_name, work_queue_name)
        return Origin(flow, deployment, place)

    async def _own_place(self, scope: Scope, deployment: Deployment) -> Place | None:
        queue_id, queue_name = deployment.work_queue_id, deployment.work_queue_name
        if queue_id is None or queue_name is None or deployment.work_pool_name is None:
            return None
        async with self.database.read() as connection:
            pool = await read_work_pool(connection, scope, deployment.work_pool_name)
        return Place(pool.id, pool.name, queue_id, queue_name, pool.base_job_template)

    async def _place(self, scope: Scope, work_pool_name: str, queue_name: str | None) -> Place:
        """A queue that is named for the first time is made."""
        async with self.database.read() as connection:
            pool = await read_work_pool(connection, scope, work_pool_name)
            try:
                if queue_name is None and pool.default_queue_id is not None:
                    queue = await read_work_queue(connection, scope, pool.default_queue_id)
                else:
                    name = queue_name or "default"
                    queue = await read_work_queue_by_name(connection, scope, pool.name, name)
                return _place_of(pool, queue)
            except ObjectNotFound:
                missing = queue_name or "default"
        async with self.database.write() as connection:
            now = self.clock()
            queue = await ensure_work_queue(connection, scope, pool.name, missing, now=now)
        return _place_of(pool, queue)


def _place_of(pool: WorkPool, queue: WorkQueue) -> Place:
    return Place(pool.id, pool.name, queue.id, queue.name, pool.base_job_template)
