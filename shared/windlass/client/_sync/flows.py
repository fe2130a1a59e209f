"""Flows."""

from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.filters.queries import FlowCountQuery, FlowQuery
from windlass.schemas.flows import Flow, FlowCreate, FlowUpdate


class SyncFlows(SyncResource):
    """The methods for flows."""

    def create_flow_from_name(self, flow_name: str) -> UUID:
        """The id of the flow of this name, made if there is none."""
        flow = self._read(Flow, "POST", "/flows/", body=FlowCreate(name=flow_name))
        return flow.id

    def read_flow(self, flow_id: UUID) -> Flow:
        """Raises `ObjectNotFound`."""
        return self._read(Flow, "GET", f"/flows/{flow_id}")

    def read_flow_by_name(self, flow_name: str) -> Flow:
        """Raises `ObjectNotFound`."""
        return self._read(Flow, "GET", f"/flows/name/{flow_name}")

    def read_flows(self, query: FlowQuery | None = None) -> list[Flow]:
        """Flows that match, by name unless another order is asked for."""
        return self._read_list(Flow, "POST", "/flows/filter", body=query or FlowQuery())

    def count_flows(self, query: FlowCountQuery | None = None) -> int:
        """How many flows match."""
        body = query or FlowCountQuery()
        return int((self._request("POST", "/flows/count", body=body)).json())

    def update_flow(self, flow_id: UUID, update: FlowUpdate) -> None:
        """Change what is set in `update`."""
        self._request("PATCH", f"/flows/{flow_id}", body=update)

    def delete_flow(self, flow_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/flows/{flow_id}")
