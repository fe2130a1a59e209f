"""Claims, as far as they need no database: how many runs may be taken, and on what terms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from windlass.ids import uuid7
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage.hot.facts import (
    Decision,
    Dispatch,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
    Withdraw,
)
from windlass_services.storage.hot.protocol import Claim

MOST_REFUSED: Final = 200
"""After so many refused candidates a claim gives up: the next one finds them written as decided."""


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """One queue that a claim may take from; the lowest `priority` goes first."""

    id: UUID
    priority: int
    concurrency_limit: int | None


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """A pool with its queues that are asked for and not paused; none when the pool is paused."""

    concurrency_limit: int | None
    queues: tuple[QueueTerms, ...]
    answered: bool
    """The same request took runs before."""
    arrived: tuple[UUID, ...] = ()
    """The queues with runs that are due and not in line yet."""

    @property
    def limited_queues(self) -> tuple[QueueTerms, ...]:
        """Those with a limit of their own."""
        return tuple(queue for queue in self.queues if queue.concurrency_limit is not None)

    @property
    def has_limits(self) -> bool:
        """Whether live executions must be counted, under lock, before taking any run."""
        return self.concurrency_limit is not None or bool(self.limited_queues)


@dataclass(frozen=True, slots=True)
class Room:
    """How many runs may be taken, in all and out of each queue."""

    total: int
    of_queue: tuple[tuple[QueueTerms, int], ...]


def room_in(pool: PoolTerms, live: Mapping[UUID | None, int], wanted: int) -> Room:
    """Room for `wanted` runs at most. `live` counts the live executions of the pool by queue."""
    total = wanted
    if pool.concurrency_limit is not None:
        total = min(wanted, pool.concurrency_limit - sum(live.values()))
    of_queue = (
        (queue, total)
        if queue.concurrency_limit is None
        else (queue, min(total, queue.concurrency_limit - live.get(queue.id, 0)))
        for queue in pool.queues
    )
    return Room(max(total, 0), tuple((queue, room) for queue, room in of_queue if room > 0))


def claim_proposal(claim: Claim, flow_run_id: UUID, now: datetime) -> FlowRunTransition:
    """What a claim asks for one candidate."""
    return FlowRunTransition(
        flow_run_id,
        State(
            id=uuid7(),
            type=StateType.PENDING,
            timestamp=now,
            state_details=StateDetails(flow_run_id=flow_run_id),
        ),
        worker_name=claim.worker_name,
        request_id=claim.request_id,
    )


def on_terms_of(claim: Claim, run: FlowRunFacts, decision: Decision, now: datetime) -> Decision:
    """The decision on a candidate with the claim's own deadline; a refusal is left as it is."""
    if not is_taken(decision):
        return decision
    opened = OpenExecution(
        opened_at=now,
        start_deadline=now + run.time_to_start(claim.start_deadline),
        presented=False,
        leased=False,
        lease_expires_at=None,
    )
    return replace(decision, execution=opened, dispatch=Withdraw())


def full_until(decision: Decision) -> datetime | None:
    """When to look again, if the candidate's deployment has no slot: for it and for all others."""
    dispatch = decision.dispatch
    if isinstance(dispatch, Dispatch) and dispatch.waits_for_slot:
        return dispatch.due_at
    return None


def is_taken(decision: Decision) -> bool:
    """Whether the candidate goes to the worker."""
    return (
        decision.status is SetStateStatus.ACCEPT
        and decision.state is not None
        and decision.state.type is StateType.PENDING
    )
