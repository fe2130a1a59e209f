"""Which runs hold the slots of work pools and work queues."""

from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.concurrency_status import (
    WorkPoolConcurrencyQuery,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyQuery,
    WorkQueueConcurrencyStatus,
)


class SyncConcurrencyStatus(SyncResource):
    """The methods that ask who holds slots."""

    def read_work_pool_concurrency_status(
        self, name: str, query: WorkPoolConcurrencyQuery | None = None
    ) -> WorkPoolConcurrencyStatus:
        """The slots of a pool and of its queues. Raises `ObjectNotFound`."""
        path = f"/work_pools/{name}/concurrency_status"
        body = query or WorkPoolConcurrencyQuery()
        return self._read(WorkPoolConcurrencyStatus, "POST", path, body=body)

    def read_work_queue_concurrency_status(
        self, work_queue_id: UUID, query: WorkQueueConcurrencyQuery | None = None
    ) -> WorkQueueConcurrencyStatus:
        """The slots of a queue and the runs that hold them. Raises `ObjectNotFound`."""
        path = f"/work_queues/{work_queue_id}/concurrency_status"
        body = query or WorkQueueConcurrencyQuery()
        return self._read(WorkQueueConcurrencyStatus, "POST", path, body=body)
