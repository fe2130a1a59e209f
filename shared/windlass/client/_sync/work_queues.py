"""Work queues: those of a pool, and by their id."""

from collections.abc import Sequence
from uuid import UUID

from windlass.client._sync.resource import SyncResource
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


class SyncWorkQueues(SyncResource):
    """The methods for work queues."""

    def create_work_queue(self, work_pool_name: str, wanted: WorkQueueCreate) -> WorkQueue:
        """Make a queue in a pool. Raises `ObjectNotFound` and `ObjectAlreadyExists`."""
        path = f"/work_pools/{work_pool_name}/queues"
        return self._read(WorkQueue, "POST", path, body=wanted)

    def read_work_queue_by_name(self, work_pool_name: str, name: str) -> WorkQueue:
        """The queue of this name in a pool. Raises `ObjectNotFound`."""
        return self._read(WorkQueue, "GET", f"/work_pools/{work_pool_name}/queues/{name}")

    def read_work_queues(
        self, work_pool_name: str, query: WorkQueueQuery | None = None
    ) -> list[WorkQueue]:
        """Queues of a pool that match, by priority."""
        path = f"/work_pools/{work_pool_name}/queues/filter"
        return self._read_list(WorkQueue, "POST", path, body=query or WorkQueueQuery())

    def read_work_queue(self, work_queue_id: UUID) -> WorkQueue:
        """Raises `ObjectNotFound`."""
        return self._read(WorkQueue, "GET", f"/work_queues/{work_queue_id}")

    def update_work_queue(self, work_queue_id: UUID, update: WorkQueueUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        self._request("PATCH", f"/work_queues/{work_queue_id}", body=update)

    def delete_work_queue(self, work_queue_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/work_queues/{work_queue_id}")

    def read_work_queue_status(self, work_queue_id: UUID) -> WorkQueueStatusDetail:
        """Whether a queue is healthy, and why. Raises `ObjectNotFound`."""
        path = f"/work_queues/{work_queue_id}/status"
        return self._read(WorkQueueStatusDetail, "GET", path)

    def match_work_queues(self, prefixes: Sequence[str], work_pool_name: str) -> list[WorkQueue]:
        """Queues of a pool whose names begin with one of these."""
        name = WorkQueueFilterName(startswith_=list(prefixes))
        query = WorkQueueQuery(work_queues=WorkQueueFilter(name=name))
        return self.read_work_queues(work_pool_name, query)
