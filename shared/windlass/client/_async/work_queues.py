"""Work queues: those of a pool, and by their id."""

from collections.abc import Sequence
from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.work_queues import (
    WorkQueueFilter,
    WorkQueueFilterName,
    WorkQueueQuery,
)
from windlass.schemas.work_queues import (
    WorkQueue,
    WorkQueueCreate,
    WorkQueueStatusDetail,
    WorkQueueUpdate,
)


class AsyncWorkQueues(AsyncResource):
    """The methods for work queues."""

    async def create_work_queue(self, work_pool_name: str, wanted: WorkQueueCreate) -> WorkQueue:
        """Make a queue in a pool. Raises `ObjectNotFound` and `ObjectAlreadyExists`."""
        path = f"/work_pools/{work_pool_name}/queues"
        return await self._read(WorkQueue, "POST", path, body=wanted)

    async def read_work_queue_by_name(self, work_pool_name: str, name: str) -> WorkQueue:
        """The queue of this name in a pool. Raises `ObjectNotFound`."""
        return await self._read(WorkQueue, "GET", f"/work_pools/{work_pool_name}/queues/{name}")

    async def read_work_queues(
        self, work_pool_name: str, query: WorkQueueQuery | None = None
    ) -> list[WorkQueue]:
        """Queues of a pool that match, by priority."""
        path = f"/work_pools/{work_pool_name}/queues/filter"
        return await self._read_list(WorkQueue, "POST", path, body=query or WorkQueueQuery())

    async def read_work_queue(self, work_queue_id: UUID) -> WorkQueue:
        """Raises `ObjectNotFound`."""
        return await self._read(WorkQueue, "GET", f"/work_queues/{work_queue_id}")

    async def update_work_queue(self, work_queue_id: UUID, update: WorkQueueUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        await self._request("PATCH", f"/work_queues/{work_queue_id}", body=update)

    async def delete_work_queue(self, work_queue_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/work_queues/{work_queue_id}")

    async def read_work_queue_status(self, work_queue_id: UUID) -> WorkQueueStatusDetail:
        """Whether a queue is healthy, and why. Raises `ObjectNotFound`."""
        path = f"/work_queues/{work_queue_id}/status"
        return await self._read(WorkQueueStatusDetail, "GET", path)

    async def match_work_queues(
        self, prefixes: Sequence[str], work_pool_name: str
    ) -> list[WorkQueue]:
        """Queues of a pool whose names begin with one of these."""
        name = WorkQueueFilterName(startswith_=list(prefixes))
        query = WorkQueueQuery(work_queues=WorkQueueFilter(name=name))
        return await self.read_work_queues(work_pool_name, query)
