"""Flow runs and their states."""

from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.filters.queries import FlowRunCountQuery, FlowRunQuery
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunUpdate
from windlass.schemas.orchestration import OrchestrationResult, SetState
from windlass.schemas.states import State, StateCreate


class SyncFlowRuns(SyncResource):
    """The methods for flow runs."""

    def create_flow_run(self, wanted: FlowRunCreate) -> FlowRun:
        """Make a run, or find the one with the same idempotency key."""
        return self._read(FlowRun, "POST", "/flow_runs/", body=wanted)

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """Raises `ObjectNotFound`."""
        return self._read(FlowRun, "GET", f"/flow_runs/{flow_run_id}")

    def read_flow_runs(self, query: FlowRunQuery | None = None) -> list[FlowRun]:
        """Runs that match, newest first unless another order is asked for."""
        body = query or FlowRunQuery()
        return self._read_list(FlowRun, "POST", "/flow_runs/filter", body=body)

    def count_flow_runs(self, query: FlowRunCountQuery | None = None) -> int:
        """How many runs match."""
        body = query or FlowRunCountQuery()
        return int((self._request("POST", "/flow_runs/count", body=body)).json())

    def update_flow_run(self, flow_run_id: UUID, update: FlowRunUpdate) -> None:
        """Change what is set in `update`."""
        self._request("PATCH", f"/flow_runs/{flow_run_id}", body=update)

    def delete_flow_run(self, flow_run_id: UUID) -> None:
        """Delete a run with its history. Raises `ObjectNotFound`."""
        self._request("DELETE", f"/flow_runs/{flow_run_id}")

    def set_flow_run_state(
        self, flow_run_id: UUID, state: StateCreate, *, force: bool = False
    ) -> OrchestrationResult:
        """Propose a state; the answer says what became of it."""
        return self.propose_flow_run_state(flow_run_id, SetState(state=state, force=force))

    def propose_flow_run_state(self, flow_run_id: UUID, asked: SetState) -> OrchestrationResult:
        """Propose a state as an execution. Raises `Superseded` when another one owns the run."""
        path = f"/flow_runs/{flow_run_id}/set_state"
        return self._read(OrchestrationResult, "POST", path, body=asked)

    def read_flow_run_states(self, flow_run_id: UUID) -> list[State]:
        """Every state of the run, oldest first."""
        params = {"flow_run_id": str(flow_run_id)}
        return self._read_list(State, "GET", "/flow_run_states/", params=params)
