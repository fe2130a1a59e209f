"""The workers of a pool."""

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.workers import WorkerQuery
from windlass.schemas.teardowns import TEARDOWNS_HEADER
from windlass.schemas.workers import Worker, WorkerHeartbeat


class AsyncWorkers(AsyncResource):
    """The methods for workers."""

    async def send_worker_heartbeat(self, work_pool_name: str, heartbeat: WorkerHeartbeat) -> int:
        """Say that a worker is there. Raises `ObjectNotFound` for the pool.

        Returns how many teardowns wait that the worker may take.
        """
        path = f"/work_pools/{work_pool_name}/workers/heartbeat"
        response = await self._request("POST", path, body=heartbeat)
        return int(response.headers.get(TEARDOWNS_HEADER, 0))

    async def read_workers_for_work_pool(
        self, work_pool_name: str, query: WorkerQuery | None = None
    ) -> list[Worker]:
        """Workers of a pool that match, the one heard of last first."""
        path = f"/work_pools/{work_pool_name}/workers/filter"
        return await self._read_list(Worker, "POST", path, body=query or WorkerQuery())

    async def delete_worker(self, work_pool_name: str, name: str) -> None:
        """Forget a worker. Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/work_pools/{work_pool_name}/workers/{name}")
