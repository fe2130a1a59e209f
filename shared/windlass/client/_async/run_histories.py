"""What became of many runs: graphs, histories, and changes of several runs at once."""

from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.queries import (
    FlowRunBulkDelete,
    FlowRunBulkSetState,
    FlowRunCountQuery,
    FlowRunHistoryQuery,
    TaskRunHistoryQuery,
)
from windlass.schemas.flow_run_graph import Graph
from windlass.schemas.flow_runs import FlowRunBulkDeleteResponse, FlowRunBulkSetStateResponse
from windlass.schemas.history import HistoryResponse


class AsyncRunHistories(AsyncResource):
    """The methods that look at, or change, many runs."""

    async def read_flow_run_graph(self, flow_run_id: UUID) -> Graph:
        """What a run called, and what waited for what. Raises `ObjectNotFound`."""
        return await self._read(Graph, "GET", f"/flow_runs/{flow_run_id}/graph-v2")

    async def read_flow_run_history(self, query: FlowRunHistoryQuery) -> list[HistoryResponse]:
        """How many flow runs were in which state, interval by interval."""
        return await self._read_list(HistoryResponse, "POST", "/flow_runs/history", body=query)

    async def read_task_run_history(self, query: TaskRunHistoryQuery) -> list[HistoryResponse]:
        """How many task runs were in which state, interval by interval."""
        return await self._read_list(HistoryResponse, "POST", "/task_runs/history", body=query)

    async def read_average_lateness(self, query: FlowRunCountQuery | None = None) -> float | None:
        """How many seconds late the runs that match are on average; None if none matches."""
        body = query or FlowRunCountQuery()
        return (await self._request("POST", "/flow_runs/lateness", body=body)).json()

    async def bulk_delete_flow_runs(self, which: FlowRunBulkDelete) -> list[UUID]:
        """Delete runs that match; the ids of those that are gone."""
        path = "/flow_runs/bulk_delete"
        return (await self._read(FlowRunBulkDeleteResponse, "POST", path, body=which)).deleted

    async def bulk_set_flow_run_state(
        self, which: FlowRunBulkSetState
    ) -> FlowRunBulkSetStateResponse:
        """Propose a state for runs that match; the answer says what became of each."""
        path = "/flow_runs/bulk_set_state"
        return await self._read(FlowRunBulkSetStateResponse, "POST", path, body=which)
