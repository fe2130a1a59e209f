"""A hand-out of runs in memory, and claims to wait with."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio

from tests.unit.orchestration.model import SOME_POOL
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.executions import ClaimedRun, execution_id_of
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import Flow
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope


def a_claim(**terms: Any) -> Claim:
    """A claim for one run of the one pool, in any queue."""
    usual: dict[str, Any] = {
        "work_pool_id": SOME_POOL,
        "work_queue_ids": None,
        "limit": 1,
        "worker_name": "worker",
        "request_id": uuid4(),
        "due_before": utc_now(),
        "start_deadline": timedelta(seconds=60),
        "lease": timedelta(seconds=30),
    }
    return Claim(**usual | terms)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that may be taken from its time on."""

    run: ClaimedRun
    due: datetime
    queue: UUID


@dataclass(slots=True)
class FakeHandOut:
    """Runs that are there to be claimed; remembers who asked, and what came back.

    It is asked with the names and rules of the orchestrator, whose own tests use a database.
    """

    waiting: list[Waiting] = field(default_factory=list[Waiting])
    claims: list[Claim] = field(default_factory=list[Claim])
    looks: int = 0
    handed_back: list[ClaimedRun] = field(default_factory=list[ClaimedRun])
    blocked: bool = False
    failure: Exception | None = None
    hold: anyio.Event | None = None
    """While set and not yet happened, claims do not return."""

    def add(self, *, due_in: float = 0, queue: UUID | None = None) -> ClaimedRun:
        """Make one more run dispatchable, without telling anyone."""
        id = uuid7()
        due = utc_now() + timedelta(seconds=due_in)
        flow = Flow(id=uuid7(), name="flow")
        run = ClaimedRun(
            execution_id=execution_id_of(id, 1),
            flow_run=FlowRun(id=id, name="run", flow_id=flow.id),
            flow=flow,
            start_deadline=due + timedelta(seconds=60),
            lease_seconds=30,
        )
        self.waiting.append(Waiting(run, due, queue or uuid4()))
        return run

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        del scope
        self.claims.append(claim)
        if self.failure is not None:
            raise self.failure
        taken = [] if self.blocked else self._takeable(claim)[: claim.limit]
        self.waiting = [one for one in self.waiting if one not in taken]
        if self.hold is not None:
            await self.hold.wait()
        return [one.run for one in taken]

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        assert list(work_pool_ids) == [SOME_POOL]
        self.looks += 1
        return min((one.due for one in self.waiting), default=None)

    async def hand_back(self, scope: Scope, claimed: ClaimedRun) -> None:
        del scope
        self.handed_back.append(claimed)

    def _takeable(self, claim: Claim) -> list[Waiting]:
        wanted = claim.work_queue_ids
        return [
            one
            for one in self.waiting
            if one.due <= claim.due_before and (wanted is None or one.queue in wanted)
        ]
