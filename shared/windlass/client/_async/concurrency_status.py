"""Which runs hold the slots of work pools and work queues."""

from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.concurrency_status import (
    WorkPoolConcurrencyQuery,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyQuery,
    WorkQueueConcurrencyStatus,
)


class AsyncConcurrencyStatus(AsyncResource):
    """The methods that ask who holds slots."""

    async def read_work_pool_concurrency_status(
        self, name: str, query: WorkPoolConcurrencyQuery | None = None
    ) -> WorkPoolConcurrencyStatus:
        """The slots of a pool and of its queues. Raises `ObjectNotFound`."""
        path = f"/work_pools/{name}/concurrency_status"
        body = query or WorkPoolConcurrencyQuery()
        return await self._read(WorkPoolConcurrencyStatus, "POST", path, body=body)

    async def read_work_queue_concurrency_status(
        self, work_queue_id: UUID, query: WorkQueueConcurrencyQuery | None = None
    ) -> WorkQueueConcurrencyStatus:
        """The slots of a queue and the runs that hold them. Raises `ObjectNotFound`."""
        path = f"/work_queues/{work_queue_id}/concurrency_status"
        body = query or WorkQueueConcurrencyQuery()
        return await self._read(WorkQueueConcurrencyStatus, "POST", path, body=body)
