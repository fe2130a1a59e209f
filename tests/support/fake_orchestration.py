"""A server in memory, as far as the engine needs one; it remembers what it was told."""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from windlass.clock import utc_now
from windlass.engine.ports import Proposal
from windlass.exceptions import (
    LeaseLost,
    ObjectAlreadyExists,
    ObjectNotFound,
    RequestInvalid,
    ServerUnreachable,
    SlotsTaken,
)
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitWithLeaseResponse,
    MinimalConcurrencyLimitResponse,
    SlotsToLease,
)
from windlass.schemas.deployments import Deployment
from windlass.schemas.events import Event
from windlass.schemas.executions import Intent, RenewedLease, RenewResponse
from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputCreate, FlowRunInputQuery
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunUpdate
from windlass.schemas.logs import LogCreate
from windlass.schemas.orchestration import (
    OrchestrationResult,
    SetStateStatus,
    StateAbortDetails,
    StateAcceptDetails,
    StateRejectDetails,
    StateWaitDetails,
)
from windlass.schemas.reports import TaskRunReport, TaskRunReports
from windlass.schemas.state_constructors import AwaitingRetry, Resuming, Running
from windlass.schemas.states import State, StateCreate, StateType
from windlass.schemas.task_runs import TaskRun, TaskRunCreate


class FakeOrchestration:
    """Implements `Orchestration`: accepts every state, but for the rules that the engine relies on.

    A failed run that has retries left is made to wait for the next one, one that is cancelling can
    only be cancelled, and a state that was made by hand in the test (`decide`) is what it is.
    """

    api_url = "http://fake.test/api"

    def __init__(self) -> None:
        self.flows: dict[str, UUID] = {}
        self.runs: dict[UUID, FlowRun] = {}
        self.history: dict[UUID, list[State]] = defaultdict(list)
        self.proposals: list[Proposal] = []
        self.reports: list[TaskRunReport] = []
        self.background_runs: dict[UUID, TaskRun] = {}
        self.logs: list[LogCreate] = []
        self.events: list[Event] = []
        self.deployments: dict[UUID, Deployment] = {}
        self.intent = Intent.NONE
        self.renewed: list[str] = []
        self.is_down = False
        self.limits: dict[str, int] = {}
        self.slots: dict[UUID, tuple[list[str], int]] = {}
        self.slots_asked: list[SlotsToLease] = []
        self.slots_renewed: list[float] = []
        self.inputs: dict[UUID, dict[str, str]] = defaultdict(dict)
        self.senders: dict[str, str | None] = {}
        self.pauses: set[tuple[UUID, str | None]] = set()
        self._decisions: list[Callable[[Proposal], OrchestrationResult | None]] = []
        self._lock = threading.RLock()

    def decide(self, decision: Callable[[Proposal], OrchestrationResult | None]) -> None:
        """Let `decision` answer before the rules; None leaves the answer to them."""
        self._decisions.append(decision)

    def flow_id(self, name: str) -> UUID:
        self._check()
        return self.flows.setdefault(name, uuid7())

    def create_flow_run(self, run: FlowRunCreate) -> FlowRun:
        self._check()
        parent = run.parent_task_run_id
        assert parent is None or parent in {report.id for report in self.reports}
        created = FlowRun(
            **run.model_dump(exclude={"state", "name", "empirical_policy"}),
            id=uuid7(),
            name=run.name or f"quiet-{len(self.runs)}",
            empirical_policy=run.empirical_policy,
        )
        self.runs[created.id] = created
        if run.state is not None:
            self._enter(created.id, run.state)
        return self.runs[created.id]

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        if flow_run_id not in self.runs:
            raise ObjectNotFound(f"There is no flow run {flow_run_id}.")
        return self.runs[flow_run_id]

    def update_flow_run(self, flow_run_id: UUID, update: FlowRunUpdate) -> None:
        said = {name: getattr(update, name) for name in update.model_fields_set}
        self.runs[flow_run_id] = self.runs[flow_run_id].model_copy(update=said)

    def propose_flow_run_state(self, proposal: Proposal) -> OrchestrationResult:
        self._check()
        # What cannot be sent cannot be asked.
        from_json(to_json(proposal.state))
        with self._lock:
            self.proposals.append(proposal)
            for decision in self._decisions:
                if (answer := decision(proposal)) is not None:
                    return answer
            return self._by_the_rules(proposal)

    def resume_flow_run(
        self, flow_run_id: UUID, run_input: JsonObject | None
    ) -> OrchestrationResult:
        with self._lock:
            paused = self.read_flow_run(flow_run_id).state
            if paused is None or not paused.is_paused():
                return aborted("The flow run is not paused.")
            details = paused.state_details
            if details.run_input_keyset:
                key = details.run_input_keyset["response"]
                self.inputs[flow_run_id][key] = to_json(run_input or {}).decode()
            following = Resuming() if details.pause_reschedule else Running()
            return accepted(self._enter(flow_run_id, following.to_create()))

    def create_flow_run_input(self, flow_run_id: UUID, wanted: FlowRunInputCreate) -> None:
        self.read_flow_run(flow_run_id)
        with self._lock:
            if wanted.key in self.inputs[flow_run_id]:
                raise ObjectAlreadyExists(f"There is an input {wanted.key!r}.")
            self.inputs[flow_run_id][wanted.key] = wanted.value
            self.senders[wanted.key] = wanted.sender

    def read_flow_run_input(self, flow_run_id: UUID, key: str) -> str:
        if key not in self.inputs[flow_run_id]:
            raise ObjectNotFound(f"There is no input {key!r}.")
        return self.inputs[flow_run_id][key]

    def filter_flow_run_input(
        self, flow_run_id: UUID, asked: FlowRunInputQuery
    ) -> list[FlowRunInput]:
        with self._lock:
            found = [
                FlowRunInput(
                    id=uuid7(),
                    flow_run_id=flow_run_id,
                    key=key,
                    value=value,
                    sender=self.senders.get(key),
                )
                for key, value in self.inputs[flow_run_id].items()
                if key.startswith(asked.prefix) and key not in asked.exclude_keys
            ]
        return found[: asked.limit]

    def delete_flow_run_input(self, flow_run_id: UUID, key: str) -> None:
        self.read_flow_run_input(flow_run_id, key)
        del self.inputs[flow_run_id][key]

    def create_task_run(self, wanted: TaskRunCreate) -> TaskRun:
        assert wanted.state is not None
        id = wanted.id or uuid7()
        state = wanted.state.to_state(uuid7(), utc_now())
        run = TaskRun(
            **wanted.model_dump(include={"name", "task_key", "dynamic_key", "tags", "task_inputs"}),
            id=id,
            state=state,
        )
        return self.background_runs.setdefault(id, run)

    def read_task_run(self, task_run_id: UUID) -> TaskRun:
        if task_run_id in self.background_runs:
            return self.background_runs[task_run_id]
        raise ObjectNotFound(f"There is no task run {task_run_id}.")

    def read_deployment(self, deployment_id: UUID, *, patiently: bool = True) -> Deployment:
        del patiently  # it never waits
        return self.deployments[deployment_id]

    def renew_leases(self, execution_ids: Sequence[str]) -> RenewResponse:
        self.renewed += execution_ids
        return RenewResponse(
            leases=[
                RenewedLease(execution_id=id, intent=self.intent, lease_seconds=0.3)
                for id in execution_ids
            ]
        )

    def take_slots(self, asked: SlotsToLease) -> ConcurrencyLimitWithLeaseResponse:
        self._check()
        with self._lock:
            wanted = [name for name in asked.names if name in self.limits]
            if any(self.limits[name] < asked.slots for name in wanted):
                raise RequestInvalid
            if any(self._room(name) < asked.slots for name in wanted):
                raise SlotsTaken(retry_after=0.01)
            lease_id = uuid7()
            self.slots[lease_id] = (wanted, asked.slots)
        limits = [
            MinimalConcurrencyLimitResponse(id=lease_id, name=name, limit=self.limits[name])
            for name in wanted
        ]
        self.slots_asked.append(asked)
        return ConcurrencyLimitWithLeaseResponse(lease_id=lease_id, limits=limits)

    def renew_slots(self, lease_id: UUID, seconds: float) -> None:
        self._check()
        if lease_id not in self.slots:
            raise LeaseLost
        self.slots_renewed.append(seconds)

    def give_back_slots(self, lease_id: UUID) -> None:
        self._check()
        with self._lock:
            self.slots.pop(lease_id, None)

    def _room(self, name: str) -> int:
        return self.limits[name] - sum(n for names, n in self.slots.values() if name in names)

    def post(self, path: str, body: Any) -> None:
        self._check()
        sent = from_json(to_json(body))
        if path == "/task_runs/report":
            self.reports += TaskRunReports.model_validate(sent).reports
        elif path == "/events":
            self.events += [Event.model_validate(line) for line in sent]
        else:
            assert path == "/logs/"
            self.logs += [LogCreate.model_validate(line) for line in sent]

    def force(self, flow_run_id: UUID, state: StateCreate) -> None:
        """Put a run into a state, as a person would."""
        with self._lock:
            self._enter(flow_run_id, state)

    def states_of_run(self, name: str) -> list[str]:
        """The names of all states of the only run of a flow."""
        [run] = [run for run in self.runs.values() if run.flow_id == self.flows[name]]
        return [state.name for state in self.history[run.id]]

    def states_of_task_runs(self) -> dict[str, list[str]]:
        """The names of all states of each task run, by its name."""
        found: dict[str, list[str]] = defaultdict(list)
        for report in self.reports:
            found[report.name] += [state.name for state in report.states]
        return dict(found)

    def _check(self) -> None:
        if self.is_down:
            raise ServerUnreachable()

    def _by_the_rules(self, proposal: Proposal) -> OrchestrationResult:
        run = self.read_flow_run(proposal.flow_run_id)
        state = proposal.state
        if state.type is StateType.PAUSED and (answer := self._on_pause(run, state)) is not None:
            return answer
        if run.state_type is StateType.CANCELLING and state.type is not StateType.CANCELLED:
            return rejected(run.state, "The run is being cancelled.")
        retries = run.empirical_policy.retries or 0
        if state.type is StateType.FAILED and run.run_count <= retries and run.run_count > 0:
            due = utc_now() + timedelta(seconds=run.empirical_policy.retry_delay or 0)
            retry = AwaitingRetry(due, message=state.message).to_create()
            return rejected(self._enter(run.id, retry), "The run is tried again.")
        return accepted(self._enter(run.id, state))

    def _on_pause(self, run: FlowRun, state: StateCreate) -> OrchestrationResult | None:
        """A pause is made once, and only the run of a deployment leaves its process."""
        details = state.state_details
        if details.pause_reschedule and run.deployment_id is None:
            return aborted("Without a deployment nobody could start the run again.")
        if (run.id, details.pause_key) in self.pauses:
            return rejected(run.state, "The pause has been resumed already.")
        self.pauses.add((run.id, details.pause_key))
        return None

    def _enter(self, flow_run_id: UUID, state: StateCreate) -> State:
        entered = state.to_state(uuid7(), utc_now())
        details = entered.state_details.model_copy(update={"flow_run_id": flow_run_id})
        entered = entered.model_copy(update={"state_details": details})
        self.history[flow_run_id].append(entered)
        run = self.runs[flow_run_id]
        counts = 1 if entered.type is StateType.RUNNING else 0
        self.runs[flow_run_id] = run.model_copy(
            update={
                "state": entered,
                "state_id": entered.id,
                "state_type": entered.type,
                "state_name": entered.name,
                "run_count": run.run_count + counts,
            }
        )
        return entered


def accepted(state: State) -> OrchestrationResult:
    """ACCEPT."""
    return OrchestrationResult(
        state=state, status=SetStateStatus.ACCEPT, details=StateAcceptDetails()
    )


def rejected(state: State | None, reason: str) -> OrchestrationResult:
    """REJECT."""
    details = StateRejectDetails(reason=reason)
    return OrchestrationResult(state=state, status=SetStateStatus.REJECT, details=details)


def wait(seconds: int, reason: str) -> OrchestrationResult:
    """WAIT."""
    details = StateWaitDetails(delay_seconds=seconds, reason=reason)
    return OrchestrationResult(state=None, status=SetStateStatus.WAIT, details=details)


def aborted(reason: str) -> OrchestrationResult:
    """ABORT."""
    details = StateAbortDetails(reason=reason)
    return OrchestrationResult(state=None, status=SetStateStatus.ABORT, details=details)
