"""What a decision may look at, and what it may write: plain data, the same for both dialects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from windlass.schemas.infrastructure_retry import InfrastructureFailure, InfrastructureRetry
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State


class Policy(StrEnum):
    """Which list of rules decides a transition."""

    CORE = "core"
    """Every rule: what clients and workers propose."""
    FORCED = "forced"
    """`force=True`: bookkeeping, and the guards that not even force may pass."""
    LATE = "late"
    """The scheduler marks a run late."""


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """The newest execution of a run."""

    id: str
    generation: int
    leased: bool
    presented_at: datetime | None
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        """It holds the run's slot: it was opened and has not ended."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class DeploymentFacts:
    """What admission needs to know about the run's deployment, read under its row lock."""

    id: UUID
    concurrency_limit: int | None
    collision_strategy: str | None
    live_executions: int
    grace_period: timedelta | None = None
    """How long an execution may hold a slot without having started; None: as long as any other."""


@dataclass(frozen=True, slots=True)
class FlowRunFacts:
    """A flow run as it stands, under its row lock or at a version that is compared later."""

    id: UUID
    flow_id: UUID
    deployment_id: UUID | None
    work_pool_id: UUID | None
    work_queue_id: UUID | None
    parent_task_run_id: UUID | None
    name: str
    state: State | None
    empirical_policy: Mapping[str, Any]
    run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    infrastructure_pid: str | None
    run_priority: int
    execution: ExecutionFacts | None
    deployment: DeploymentFacts | None
    infrastructure_retry: InfrastructureRetry | None = None
    """Of its deployment, else of its pool."""
    version: int = 0
    """Of the row, where others may change it before the decision is written (PostgreSQL)."""

    def time_to_start(self, usual: timedelta) -> timedelta:
        """How long an execution of the run may take to start: its deployment has the last word."""
        return (self.deployment and self.deployment.grace_period) or usual


@dataclass(frozen=True, slots=True)
class FlowRunTransition:
    """A state proposed for a flow run."""

    flow_run_id: UUID
    proposed: State
    """With its own id and moment; `state_details.transition_id` carries the client's request id."""
    policy: Policy = Policy.CORE
    execution_id: str | None = None
    """The execution that the proposer says it is. None: a client that knows of none."""
    leased: bool = False
    """The proposer will renew a lease (only meaningful when proposing RUNNING)."""
    expected_state_id: UUID | None = None
    """Decide only if this is still the current state (a service acting on what it read before)."""
    worker_name: str | None = None
    request_id: UUID | None = None
    failure: InfrastructureFailure | None = None
    """With CRASHED, how the infrastructure failed. None: as the state of its execution says."""


@dataclass(frozen=True, slots=True)
class RunColumns:
    """Every column of a run that changes along with its state; all are written, always."""

    run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    empirical_policy: Mapping[str, Any]
    blocking_reason: str | None = None


@dataclass(frozen=True, slots=True)
class OpenExecution:
    """Make the next execution of the run (generation + 1) and let it own the run.

    `presented` is true when user code starts with this very transition (an ad hoc run).
    """

    opened_at: datetime
    start_deadline: datetime | None
    presented: bool
    leased: bool
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PresentExecution:
    """User code starts under the live execution: its id was presented at RUNNING."""

    presented_at: datetime
    leased: bool
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class EndExecution:
    """The live execution ends, and with it the slot it holds."""

    ended_at: datetime
    reason: str
    to_stop_until: datetime | None = None
    """Of one that somebody else suspends: it hears of it, and has this long to end by itself."""


ExecutionWrite = OpenExecution | PresentExecution | EndExecution


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The run may be handed to a worker of its pool from `due_at` on."""

    due_at: datetime
    waits_for_slot: bool = False
    """Its deployment has no slot for it: it is let in when one becomes free."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The run may not be handed out any more."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, completed: all that one transaction writes for one transition.

    `state` None means that nothing is written at all. A written state always comes with `columns`.
    """

    status: SetStateStatus
    state: State | None
    reason: str | None = None
    retry_after: float | None = None
    """Seconds, with WAIT."""
    columns: RunColumns | None = None
    execution: ExecutionWrite | None = None
    dispatch: Dispatch | Withdraw | None = None
    passed: State | None = None
    """The state that the run was in before `state`, for no time: in its history, and announced."""
