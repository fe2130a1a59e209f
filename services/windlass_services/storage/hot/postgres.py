"""The hot operations on PostgreSQL: each has lanes of its own, and shares transactions in them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from windlass.clock import Clock
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flows import Flow
from windlass_services.runtime.batching import Batcher
from windlass_services.storage.addresses import PostgresAddress
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.postgres_claims import ClaimRequest, PostgresClaims
from windlass_services.storage.hot.postgres_flows import FlowAsked, PostgresFlows
from windlass_services.storage.hot.postgres_history import HistoryRequest, PostgresHistory
from windlass_services.storage.hot.postgres_leases import PostgresLeases, RenewalRequest
from windlass_services.storage.hot.postgres_pool import PostgresPool
from windlass_services.storage.hot.postgres_runs import Creation, PostgresRuns, Proposed
from windlass_services.storage.hot.postgres_task_runs import PostgresTaskRuns, Recording
from windlass_services.storage.hot.postgres_workers import hear
from windlass_services.storage.hot.protocol import (
    Claim,
    CreatedFlowRun,
    EventRow,
    Govern,
    LogRow,
    NewFlowRun,
    Renewal,
    RenewalOutcome,
    TransitionOutcome,
)
from windlass_services.storage.rows import columns_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event, log
from windlass_services.storage.task_run_records import TaskRunRecord
from windlass_services.storage.workers import Heard

LANES: Final = 2
"""Batches of creations, of transitions and of claims under way at a time: while one waits for the
disk, the next one is decided. Flows, renewals, events, task runs and logs have one lane each."""
CONNECTIONS: Final = 3 * LANES + 7
"""One for each lane, one to hear workers, and one to ask what is due, or to line it up."""


class PostgresHotOperations:
    """See `HotOperations`."""

    def __init__(
        self,
        address: PostgresAddress,
        *,
        govern: Govern,
        clock: Clock,
        patience: timedelta,
        connecting: timedelta,
    ) -> None:
        self._pool = PostgresPool(
            address, size=CONNECTIONS, patience=patience, connecting=connecting
        )
        runs = PostgresRuns(self._pool, govern, clock)
        self._claims = PostgresClaims(self._pool, govern, clock)
        self._creations = Batcher[Creation, list[CreatedFlowRun]](runs.create, lanes=LANES)
        self._transitions = Batcher[Proposed, TransitionOutcome](
            runs.transition, lanes=LANES, key=lambda asked: asked[1].flow_run_id
        )
        self._flows = Batcher[FlowAsked, Flow](PostgresFlows(self._pool).read)
        self._claiming = Batcher[ClaimRequest, list[ClaimedRun]](
            self._claims.claim, lanes=LANES, most=1
        )
        self._renewals = Batcher[RenewalRequest, list[RenewalOutcome]](
            PostgresLeases(self._pool).renew
        )
        self._events = Batcher[HistoryRequest, int](PostgresHistory(self._pool, event).insert)
        self._recordings = Batcher[Recording, int](PostgresTaskRuns(self._pool, clock).record)
        self._logs = Batcher[HistoryRequest, int](PostgresHistory(self._pool, log).insert)

    async def open(self) -> None:
        """Raises `ServerBusy` when there is no server."""
        await self._pool.open()

    @property
    def is_direct(self) -> bool:
        """Whether sessions keep what they are told, which poolers refuse; known once it is open."""
        return self._pool.is_direct

    async def close(self) -> None:
        """Answer what was asked before, then close every connection."""
        for batcher in (
            self._creations,
            self._transitions,
            self._flows,
            self._claiming,
            self._renewals,
            self._events,
            self._recordings,
            self._logs,
        ):
            await batcher.close()
        await self._pool.close()

    async def create_flow_runs(
        self, scope: Scope, runs: Sequence[NewFlowRun]
    ) -> list[CreatedFlowRun]:
        return await self._creations.ask((scope, runs))

    async def transition(self, scope: Scope, proposal: FlowRunTransition) -> TransitionOutcome:
        return await self._transitions.ask((scope, proposal))

    async def read_flow(self, scope: Scope, id: UUID) -> Flow:
        return await self._flows.ask((scope, id))

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        return await self._claiming.ask((scope, claim))

    async def line_up(self, work_queue_ids: Collection[UUID], due_before: datetime) -> None:
        await self._claims.line_up(work_queue_ids, due_before)

    async def renew(
        self, scope: Scope, renewals: Sequence[Renewal], now: datetime, lease: timedelta
    ) -> list[RenewalOutcome]:
        return await self._renewals.ask((scope, renewals, now, lease))

    async def hear(self, scope: Scope, heard: Sequence[Heard], now: datetime) -> list[bool]:
        return await hear(self._pool, scope, heard, now)

    async def insert_events(self, scope: Scope, events: Sequence[EventRow]) -> int:
        return await self._events.ask((scope, [columns_of(row) for row in events]))

    async def record_task_runs(
        self, scope: Scope, records: Sequence[TaskRunRecord], events: Sequence[EventRow] = ()
    ) -> int:
        return await self._recordings.ask(Recording(scope, records, events))

    async def insert_logs(self, scope: Scope, logs: Sequence[LogRow]) -> int:
        return await self._logs.ask((scope, [columns_of(row) for row in logs]))

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        return await self._claims.next_due(work_pool_ids)
