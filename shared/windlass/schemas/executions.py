"""Executions: who may act for a flow run now, from the claim of a worker to the last lease."""

from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.exceptions import RequestInvalid
from windlass.schemas.base import JsonObject, Shape, Timestamp
from windlass.schemas.deployments import Deployment
from windlass.schemas.fields import ObjectName, Positive, Secret, Whole
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import Flow
from windlass.schemas.infrastructure_retry import InfrastructureRetry

LONGEST_WAIT = 60.0
"""The longest time in seconds that a claim may wait for a run."""
_LONGEST_PREFETCH = 365 * 86_400.0

EXECUTION_HEADER = "X-Windlass-Execution"
"""Names the execution that a client of another make is, on each of its requests."""

RUN_TOKEN_HEADER = "X-Windlass-Run-Token"
"""Carries its run token, beside `Authorization`, which it fills in from settings of its own."""

Seconds: TypeAlias = Annotated[float, Field(ge=0)]


def execution_id_of(flow_run_id: UUID, generation: int) -> str:
    """``<flow run id>.<generation>``; generations of a run count up from 1."""
    return f"{flow_run_id}.{generation}"


def parse_execution_id(text: str) -> tuple[UUID, int]:
    """The flow run and the generation that an execution id names. Raises RequestInvalid."""
    run, _, number = text.partition(".")
    try:
        flow_run_id, generation = UUID(run), int(number)
    except ValueError:
        raise _no_execution_id(text) from None
    # Ids are compared as text elsewhere, so one execution must not have two spellings.
    if generation < 1 or execution_id_of(flow_run_id, generation) != text:
        raise _no_execution_id(text)
    return flow_run_id, generation


class ClaimRequest(Shape):
    """A worker asks its pool for runs, and waits if there are none.

    `limit` is how many it has room for; `work_queue_names` None means every queue of the pool;
    runs due within `prefetch_seconds` are handed out too. A repeated `request_id` is answered as
    it was the first time. With `tell_next_due`, an answer without runs says when to ask again.
    With `heartbeat_interval_seconds`, it is a heartbeat too: so often the worker says that it is
    there; `place` is where, as in a heartbeat of its own.
    """

    worker_name: str
    worker_id: UUID | None = None
    request_id: UUID
    limit: Positive
    wait_seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] = 0
    work_queue_names: list[ObjectName] | None = None
    prefetch_seconds: Annotated[float, Field(ge=0, le=_LONGEST_PREFETCH)] = 0
    tell_next_due: bool = False
    heartbeat_interval_seconds: Whole | None = None
    place: str | None = None


class HeartbeatTaken(Shape):
    """The claim counted as a heartbeat.

    `teardowns` wait that the worker may take; `work_pool_updated`: when its pool last changed.
    """

    teardowns: Whole
    work_pool_updated: Timestamp | None = None


class ClaimedRun(Shape):
    """A run that a worker now has to start.

    Unless the run is RUNNING by `start_deadline`, it is handed out again under a new execution.
    From then on its lease is good for `lease_seconds` at a time. `token` lets the run, and
    nothing else, speak to the API. Where `infrastructure_retry` covers lost processes, one that
    could not renew its lease for a term stops: the next execution is about to begin.
    """

    execution_id: str
    flow_run: FlowRun
    flow: Flow
    deployment: Deployment | None = None
    start_deadline: Timestamp
    lease_seconds: Seconds
    token: Secret | None = None
    infrastructure_retry: InfrastructureRetry | None = None


class ClaimResponse(Shape):
    """The runs that were claimed: as many as there were, none when the wait was in vain.

    `next_due_seconds`: after so many, there will be one to claim; None: not asked, or not known.
    `heartbeat`: None where the claim was no heartbeat, as it is for a server that knows of none.
    """

    runs: list[ClaimedRun]
    next_due_seconds: Seconds | None = None
    heartbeat: HeartbeatTaken | None = None


class Handle(Shape):
    """What a worker type needs to find the infrastructure of an execution again, in any process.

    `place` is from where alone it can be reached, such as a machine; None: from anywhere.
    """

    kind: str
    version: int
    data: JsonObject
    place: str | None = None


class ExecutionStarted(Shape):
    """A worker started the infrastructure of an execution."""

    execution_id: str
    handle: Handle


class ExecutionEnded(Shape):
    """The infrastructure of an execution is gone.

    `crashed` says that the run could not end by itself; `reason` is the provider's. `vanished`:
    nobody saw it end, so that a run whose code had not begun is dispatched again.
    """

    execution_id: str
    exit_code: Whole | None = None
    reason: str | None = None
    crashed: bool
    vanished: bool = False


class LeaseRenewal(Shape):
    """An execution is alive."""

    execution_id: str


class RenewRequest(Shape):
    """Every execution of a process that is alive."""

    renewals: list[LeaseRenewal]


class Intent(StrEnum):
    """What is wanted of an execution: it obeys, and says so by the state of its run."""

    NONE = "none"
    """Nothing: it goes on."""
    CANCEL = "cancel"
    """The run is to be cancelled."""
    SUSPEND = "suspend"
    """The run is to be suspended, and its process to exit."""
    STOP = "stop"
    """Another execution owns the run: this one stops at once and writes no state."""


class RenewedLease(Shape):
    """A lease is good for another `lease_seconds`, from when the renewal was sent."""

    execution_id: str
    intent: Intent = Intent.NONE
    lease_seconds: Seconds


class RenewResponse(Shape):
    """One answer for each renewal, in the same order."""

    leases: list[RenewedLease]


def _no_execution_id(text: str) -> RequestInvalid:
    return RequestInvalid(f"{text!r} is no execution id: expected `<flow run id>.<generation>`.")
