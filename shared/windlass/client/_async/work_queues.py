"""Work queues: those of a pool, and by their id."""

from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.work_queues import WorkQueueQuery
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate, WorkQueueUpdate


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
