"""Work pools."""

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.work_pools import WorkPoolCountQuery, WorkPoolQuery
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolUpdate


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
