"""Work pools."""

from collections.abc import Sequence
from datetime import datetime

from windlass.client._async.resource import AsyncResource
from windlass.schemas.base import JsonObject
from windlass.schemas.filters.work_pools import WorkPoolCountQuery, WorkPoolQuery
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolUpdate
from windlass.schemas.workers import ScheduledFlowRuns, WorkerFlowRunResponse


class AsyncWorkPools(AsyncResource):
    """The methods for work pools."""

    async def create_work_pool(self, wanted: WorkPoolCreate) -> WorkPool:
        """Make a pool. Raises `ObjectAlreadyExists`."""
        return await self._read(WorkPool, "POST", "/work_pools/", body=wanted)

    async def read_work_pool(self, name: str) -> WorkPool:
        """Raises `ObjectNotFound`."""
        return await self._read(WorkPool, "GET", f"/work_pools/{name}")

    async def read_work_pools(self, query: WorkPoolQuery | None = None) -> list[WorkPool]:
        """Pools that match, by name."""
        body = query or WorkPoolQuery()
        return await self._read_list(WorkPool, "POST", "/work_pools/filter", body=body)

    async def count_work_pools(self, query: WorkPoolCountQuery | None = None) -> int:
        """How many pools match."""
        body = query or WorkPoolCountQuery()
        return int((await self._request("POST", "/work_pools/count", body=body)).json())

    async def update_work_pool(self, name: str, update: WorkPoolUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        await self._request("PATCH", f"/work_pools/{name}", body=update)

    async def delete_work_pool(self, name: str) -> None:
        """Delete a pool with its queues. Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/work_pools/{name}")

    async def get_scheduled_flow_runs_for_work_pool(
        self,
        work_pool_name: str,
        work_queue_names: Sequence[str] | None = None,
        scheduled_before: datetime | None = None,
        limit: int | None = None,
    ) -> list[WorkerFlowRunResponse]:
        """Runs of a pool that may start, in order; for a worker that polls and does not claim."""
        body = ScheduledFlowRuns(
            work_queue_names=None if work_queue_names is None else list(work_queue_names),
            scheduled_before=scheduled_before,
            limit=limit,
        )
        path = f"/work_pools/{work_pool_name}/get_scheduled_flow_runs"
        return await self._read_list(WorkerFlowRunResponse, "POST", path, body=body)

    async def read_worker_metadata(self) -> JsonObject:
        """Package, then worker type, to what there is to know of it: its job template above all."""
        response = await self._request("GET", "/collections/views/aggregate-worker-metadata")
        types: JsonObject = response.json()
        return types
