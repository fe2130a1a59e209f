"""The hot operations. Two implementations, `sqlite` and `postgres`, one conformance suite."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from windlass.schemas.executions import ClaimedRun, Intent
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import Flow
from windlass.schemas.states import State
from windlass_services.storage.catch_up import LATE_AFTER
from windlass_services.storage.hot.facts import Decision, FlowRunFacts, FlowRunTransition
from windlass_services.storage.json_text import JsonText
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_run_records import TaskRunRecord
from windlass_services.storage.workers import Heard

Govern: TypeAlias = Callable[[FlowRunFacts, FlowRunTransition, datetime], Decision]
"""Decides one transition. Pure and quick: it runs inside the transaction, under the row lock, on
SQLite in the writer's thread. `orchestration.policy.govern_flow_run` is the one there is."""


@dataclass(frozen=True, slots=True)
class NewFlowRun:
    """A flow run to create, with every default resolved, and the decision on its first state.

    `run` is as it will be read back, its `state` included. `columns` of `flow_run` that the wire
    shape does not show come beside it.
    """

    run: FlowRun
    decision: Decision
    work_pool_id: UUID | None
    schedule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreatedFlowRun:
    """The stored run; `created` is false when the idempotency key named one that existed."""

    run: FlowRun
    created: bool


@dataclass(frozen=True, slots=True)
class TransitionOutcome:
    """What became of a proposal. `state` is the run's current state after it."""

    decision: Decision
    state: State | None
    execution_id: str | None
    """The execution that owns the run afterwards (live or last); None if it never had one."""
    work_pool_id: UUID | None
    """Set when the run became dispatchable or freed a slot: wake this pool after the commit."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Runs that a worker wants from one pool, and on what terms."""

    work_pool_id: UUID
    work_queue_ids: Collection[UUID] | None
    """None: every queue of the pool."""
    limit: int
    worker_name: str
    request_id: UUID
    """Chosen by the client: a repeated claim answers with the runs it took the first time."""
    due_before: datetime
    start_deadline: timedelta
    lease: timedelta
    late_after: timedelta = LATE_AFTER
    """How long after its time a run is late, which some catch-up policies go by."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A live execution says that it is alive."""

    execution_id: str


@dataclass(frozen=True, slots=True)
class RenewalOutcome:
    """What the owner must do now. `STOP` when the execution is over or superseded."""

    execution_id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as stored: its JSON parts are encoded already, `day` is the partition."""

    day: date
    id: UUID
    occurred: datetime
    received: datetime
    event: str
    resource_id: str
    resource: JsonText
    related: JsonText
    resource_ids: list[str]
    payload: JsonText
    follows: UUID | None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log record as stored; `level` is Python's numeric level."""

    day: date
    id: UUID
    name: str
    level: int
    message: str
    timestamp: datetime
    flow_run_id: UUID | None
    task_run_id: UUID | None
    worker_id: UUID | None


class HotOperations(Protocol):
    """Each call is durable when it returns. Concurrent calls share transactions; the failure of
    one is never the failure of its neighbours. Lock order: pool, queue, deployment, run.

    Raises `ObjectNotFound` for a run or pool that does not exist, `ServerBusy` when the database
    does not answer in time.
    """

    async def create_flow_runs(
        self, scope: Scope, runs: Sequence[NewFlowRun]
    ) -> list[CreatedFlowRun]:
        """Insert runs, their first states, their dispatch rows and outbox rows.

        A run whose (flow, idempotency key) exists is not inserted; the stored one is returned.
        """
        ...

    async def transition(self, scope: Scope, proposal: FlowRunTransition) -> TransitionOutcome:
        """Read the facts under lock, let `govern` decide, and write the decision.

        Every state written brings an outbox row of kind `flow-run-state`, with body
        `{"flow_run_id", "state_id", "type", "name", "timestamp", "message", "initial_type",
        "initial_name", "initial_id"}`; history gets a row in `flow_run_state`. An execution that
        is live but not `proposal.execution_id`, when that is given, makes the writer superseded:
        raises `Superseded`, writes nothing.
        """
        ...

    async def read_flow(self, scope: Scope, id: UUID) -> Flow:
        """The flow of a run that is about to be made. Raises `ObjectNotFound`."""
        ...

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        """Take due runs in order of (queue priority, run priority, rank) and make them PENDING.

        Paused pools and queues give nothing; pool and queue limits count live executions. Each
        candidate passes `govern` as a transition to PENDING with `OpenExecution`; one that is
        refused is written as decided and not returned. `SKIP LOCKED`: two claims never wait for,
        nor get, the same run.
        """
        ...

    async def line_up(self, work_queue_ids: Collection[UUID], due_before: datetime) -> None:
        """Give the runs of these queues that are due by then, and not in line yet, their places.

        Claims do so themselves; who only reads what may start asks for it before.
        """
        ...

    async def renew(
        self, scope: Scope, renewals: Sequence[Renewal], now: datetime, lease: timedelta
    ) -> list[RenewalOutcome]:
        """Extend the leases of live executions to `now + lease`; answers in the order asked."""
        ...

    async def hear(self, scope: Scope, heard: Sequence[Heard], now: datetime) -> list[bool]:
        """Note that these workers are there; for each, whether that was all there is to do.

        It is not for a worker that was never heard of, nor for one whose pool is none, or was not
        ready so far: `record_heartbeats` does the rest.
        """
        ...

    async def insert_events(self, scope: Scope, events: Sequence[EventRow]) -> int:
        """Insert events; those whose id exists are left alone. Returns how many were new."""
        ...

    async def record_task_runs(
        self, scope: Scope, records: Sequence[TaskRunRecord], events: Sequence[EventRow] = ()
    ) -> int:
        """Write every state, make each run what its newest state says, and insert the events.

        Idempotent and monotone: a repeated, delayed or reordered record changes nothing that is
        newer. What is of a flow run that is gone is left out, but for its events. Returns how many
        events were new. Raises `ObjectAlreadyExists`, and has written nothing, for a run whose task
        and dynamic key are another run's.
        """
        ...

    async def insert_logs(self, scope: Scope, logs: Sequence[LogRow]) -> int:
        """Insert log records; those whose id exists are left alone. Returns how many were new."""
        ...

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        """When the earliest dispatchable run of these pools is due; None if there is none.

        Paused pools and queues are not looked at.
        """
        ...
