"""What the engine needs from a server."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunUpdate
from windlass.schemas.orchestration import OrchestrationResult
from windlass.schemas.states import StateCreate

if TYPE_CHECKING:
    # Most flow runs see none of these, and their models take 40 ms to import.
    from windlass.schemas.concurrency_limits import (
        ConcurrencyLimitWithLeaseResponse,
        SlotsToLease,
    )
    from windlass.schemas.deployments import Deployment
    from windlass.schemas.executions import RenewResponse
    from windlass.schemas.flow_run_inputs import (
        FlowRunInput,
        FlowRunInputCreate,
        FlowRunInputQuery,
    )
    from windlass.schemas.task_runs import TaskRun, TaskRunCreate


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The question whether a flow run may enter a state.

    `execution_id` says who asks; `leased`, that it will renew the lease of its execution. A
    repeated `request_id` is answered as it was the first time.
    """

    flow_run_id: UUID
    state: StateCreate
    request_id: UUID
    force: bool = False
    execution_id: str | None = None
    leased: bool = False


class Orchestration(Protocol):
    """A server, as the engine sees it.

    Every method waits for the answer, and for a while for a server that is not there or is busy;
    then it raises ServerUnreachable or ServerBusy. Other refusals are the other `ApiError`s. Safe
    to call from any thread.
    """

    @property
    def api_url(self) -> str:
        """The address of the API, without a slash at the end."""
        ...

    def flow_id(self, name: str) -> UUID:
        """The flow of that name, which is created if there is none."""
        ...

    def create_flow_run(self, run: FlowRunCreate) -> FlowRun: ...

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun: ...

    def update_flow_run(self, flow_run_id: UUID, update: FlowRunUpdate) -> None: ...

    def propose_flow_run_state(self, proposal: Proposal) -> OrchestrationResult: ...

    def resume_flow_run(
        self, flow_run_id: UUID, run_input: JsonObject | None
    ) -> OrchestrationResult: ...

    def create_flow_run_input(self, flow_run_id: UUID, wanted: "FlowRunInputCreate") -> None: ...

    def read_flow_run_input(self, flow_run_id: UUID, key: str) -> str: ...

    def filter_flow_run_input(
        self, flow_run_id: UUID, asked: "FlowRunInputQuery"
    ) -> "list[FlowRunInput]": ...

    def delete_flow_run_input(self, flow_run_id: UUID, key: str) -> None: ...

    def create_task_run(self, wanted: "TaskRunCreate") -> "TaskRun": ...

    def read_task_run(self, task_run_id: UUID) -> "TaskRun": ...

    def read_deployment(self, deployment_id: UUID, *, patiently: bool = True) -> "Deployment":
        """A deployment. Unless `patiently`, ask once, and not if there was no answer at last."""
        ...

    def renew_leases(self, execution_ids: Sequence[str]) -> "RenewResponse":
        """Say that executions are alive. Asks once, and does not wait for a server that is busy."""
        ...

    def take_slots(self, asked: "SlotsToLease") -> "ConcurrencyLimitWithLeaseResponse":
        """Take slots of concurrency limits. Raises `SlotsTaken` when not all are free."""
        ...

    def renew_slots(self, lease_id: UUID, seconds: float) -> None:
        """Hold slots for so long from now. Asks once. Raises `LeaseLost` when it is too late."""
        ...

    def give_back_slots(self, lease_id: UUID) -> None:
        """Give back the slots of a lease."""
        ...

    def post(self, path: str, body: JsonValue) -> None:
        """Send reports or logs. Tries once: the outbox repeats."""
        ...
