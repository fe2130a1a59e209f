"""Flows."""

from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.queries import FlowCountQuery, FlowQuery
from windlass.schemas.flows import Flow, FlowCreate, FlowUpdate


class AsyncFlows(AsyncResource):
    """The methods for flows."""

    async def create_flow_from_name(self, flow_name: str) -> UUID:
        """The id of the flow of this name, made if there is none."""
        flow = await self._read(Flow, "POST", "/flows/", body=FlowCreate(name=flow_name))
        return flow.id

    async def read_flow(self, flow_id: UUID) -> Flow:
        """Raises `ObjectNotFound`."""
        return await self._read(Flow, "GET", f"/flows/{flow_id}")

    async def read_flow_by_name(self, flow_name: str) -> Flow:
        """Raises `ObjectNotFound`."""
        return await self._read(Flow, "GET", f"/flows/name/{flow_name}")

    async def read_flows(self, query: FlowQuery | None = None) -> list[Flow]:
        """Flows that match, by name unless another order is asked for."""
        return await self._read_list(Flow, "POST", "/flows/filter", body=query or FlowQuery())

    async def count_flows(self, query: FlowCountQuery | None = None) -> int:
        """How many flows match."""
        body = query or FlowCountQuery()
        return int((await self._request("POST", "/flows/count", body=body)).json())

    async def update_flow(self, flow_id: UUID, update: FlowUpdate) -> None:
        """Change what is set in `update`."""
        await self._request("PATCH", f"/flows/{flow_id}", body=update)

    async def delete_flow(self, flow_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/flows/{flow_id}")
