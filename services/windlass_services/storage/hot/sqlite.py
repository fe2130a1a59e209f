"""The hot operations on SQLite: every call is a job of the one writer thread."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from windlass.clock import Clock
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flows import Flow
from windlass_services.storage.hot.codec import sqlite_fields
from windlass_services.storage.hot.facts import FlowRunTransition
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
from windlass_services.storage.hot.sqlite_claims import claim_runs, next_due, renew_leases
from windlass_services.storage.hot.sqlite_line import line_up
from windlass_services.storage.hot.sqlite_runs import create_flow_runs, read_flow, transition
from windlass_services.storage.hot.sqlite_task_runs import (
    insert_unless_there,
    record_task_runs,
    write_rows,
)
from windlass_services.storage.hot.sqlite_workers import hear
from windlass_services.storage.hot.sqlite_writer import SqliteWriter
from windlass_services.storage.rows import columns_of
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event, log
from windlass_services.storage.task_run_records import TaskRunRecord
from windlass_services.storage.workers import Heard


class SqliteHotOperations:
    """See `HotOperations`. There is one writer, so no row is ever locked."""

    def __init__(self, writer: SqliteWriter, govern: Govern, clock: Clock) -> None:
        self._writer = writer
        self._govern = govern
        self._clock = clock

    async def create_flow_runs(
        self, scope: Scope, runs: Sequence[NewFlowRun]
    ) -> list[CreatedFlowRun]:
        return await self._writer.do(
            lambda cursor: create_flow_runs(cursor, scope, runs, self._clock())
        )

    async def transition(self, scope: Scope, proposal: FlowRunTransition) -> TransitionOutcome:
        return await self._writer.do(
            lambda cursor: transition(cursor, scope, proposal, self._govern, self._clock())
        )

    async def read_flow(self, scope: Scope, id: UUID) -> Flow:
        return await self._writer.do(lambda cursor: read_flow(cursor, scope, id))

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        return await self._writer.do(
            lambda cursor: claim_runs(cursor, scope, claim, self._govern, self._clock())
        )

    async def line_up(self, work_queue_ids: Collection[UUID], due_before: datetime) -> None:
        await self._writer.do(
            lambda cursor: line_up(cursor, work_queue_ids, due_before, self._clock())
        )

    async def renew(
        self, scope: Scope, renewals: Sequence[Renewal], now: datetime, lease: timedelta
    ) -> list[RenewalOutcome]:
        return await self._writer.do(
            lambda cursor: renew_leases(cursor, scope, renewals, now, lease)
        )

    async def hear(self, scope: Scope, heard: Sequence[Heard], now: datetime) -> list[bool]:
        return await self._writer.do(lambda cursor: hear(cursor, scope, heard, now))

    async def insert_events(self, scope: Scope, events: Sequence[EventRow]) -> int:
        rows = _of_workspace(scope, events)
        return await self._writer.do(lambda cursor: write_rows(cursor, _INSERT_EVENT, _EVENT, rows))

    async def record_task_runs(
        self, scope: Scope, records: Sequence[TaskRunRecord], events: Sequence[EventRow] = ()
    ) -> int:
        rows = _of_workspace(scope, events)

        def job(cursor: sqlite3.Cursor) -> int:
            record_task_runs(cursor, scope, records, self._clock())
            return write_rows(cursor, _INSERT_EVENT, _EVENT, rows)

        return await self._writer.do(job)

    async def insert_logs(self, scope: Scope, logs: Sequence[LogRow]) -> int:
        rows = _of_workspace(scope, logs)
        return await self._writer.do(lambda cursor: write_rows(cursor, _INSERT_LOG, _LOG, rows))

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        return await self._writer.do(lambda cursor: next_due(cursor, work_pool_ids))


def _of_workspace(scope: Scope, rows: Iterable[EventRow | LogRow]) -> list[dict[str, Any]]:
    return [{**columns_of(row), "workspace_id": scope.workspace_id} for row in rows]


_EVENT: Final = sqlite_fields(event.columns)
_LOG: Final = sqlite_fields(log.columns)
_INSERT_EVENT: Final = insert_unless_there(event)
_INSERT_LOG: Final = insert_unless_there(log)
