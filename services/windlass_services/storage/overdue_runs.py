"""Runs and executions whose time is over, for the scheduler to act on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.state_constructors import AWAITING_CONCURRENCY_SLOT
from windlass.schemas.states import StateType
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import HELD_BACK, NOT_DUE, dispatchable, execution, flow_run


@dataclass(frozen=True, slots=True)
class LateRun:
    """A scheduled run past its time, in the state that was read."""

    workspace_id: UUID
    flow_run_id: UUID
    state_id: UUID
    scheduled_time: datetime


@dataclass(frozen=True, slots=True)
class ExpiredExecution:
    """A live execution that missed its deadline, and the state that its run was in."""

    workspace_id: UUID
    flow_run_id: UUID
    execution_id: str
    state_id: UUID
    state_type: StateType
    was_presented: bool
    worker_name: str | None
    has_work_pool: bool
    others_wait: bool
    """Other runs of its deployment wait for a concurrency slot."""


@dataclass(frozen=True, slots=True)
class OverdueRun:
    """A run that was too long in a state: the one that was read."""

    workspace_id: UUID
    flow_run_id: UUID
    state_id: UUID


async def read_late_runs(
    connection: AsyncConnection, *, due_before: datetime, limit: int
) -> list[LateRun]:
    """Runs in the state `Scheduled` that were due before this moment, the oldest first."""
    rows = await connection.execute(
        sa.select(
            flow_run.c.workspace_id,
            flow_run.c.id,
            flow_run.c.state_id,
            flow_run.c.next_scheduled_start_time,
        )
        .where(
            flow_run.c.state_type == sa.literal_column("'SCHEDULED'"),
            flow_run.c.state_name == "Scheduled",
            flow_run.c.next_scheduled_start_time <= due_before,
        )
        .order_by(flow_run.c.next_scheduled_start_time)
        .limit(limit)
    )
    return [LateRun(*row) for row in rows]


async def read_expired_executions(
    connection: AsyncConnection,
    *,
    now: datetime,
    limit: int,
    could_renew: bool = True,
    could_be_heard: bool = True,
) -> list[ExpiredExecution]:
    """Live executions past their start deadline without having started, or past their lease.

    Leases that nobody could renew do not end; nor do those of executions that nobody claimed, which
    heartbeats keep, while those could not be heard.
    """
    not_started = sa.and_(execution.c.presented_at.is_(None), execution.c.start_deadline <= now)
    over = sa.and_(execution.c.leased, execution.c.lease_expires_at <= now)
    not_renewed = sa.and_(over, execution.c.worker_name.is_not(None))
    not_heard = sa.and_(over, execution.c.worker_name.is_(None))
    counting = ((not_started, True), (not_renewed, could_renew), (not_heard, could_be_heard))
    found: list[ExpiredExecution] = []
    for clause in (clause for clause, counts in counting if counts):
        rows = await connection.execute(
            sa.select(
                execution.c.workspace_id,
                execution.c.flow_run_id,
                execution.c.id,
                flow_run.c.state_id,
                flow_run.c.state_type,
                execution.c.presented_at.is_not(None),
                execution.c.worker_name,
                flow_run.c.work_pool_id.is_not(None),
                _others_wait(),
            )
            .join(flow_run, flow_run.c.id == execution.c.flow_run_id)
            .where(execution.c.ended_at.is_(None), clause, flow_run.c.state_id.is_not(None))
            .limit(limit)
        )
        found += [ExpiredExecution(*row[:4], StateType(row[4]), *row[5:]) for row in rows]
    return found


def _others_wait() -> sa.ColumnElement[bool]:
    other = flow_run.alias("other")
    held_back = sa.exists().where(
        dispatchable.c.deployment_id == execution.c.deployment_id,
        dispatchable.c.rank >= sa.literal_column(str(HELD_BACK)),
        dispatchable.c.rank < sa.literal_column(str(NOT_DUE)),
    )
    served = (
        sa.exists()
        .where(
            other.c.workspace_id == flow_run.c.workspace_id,
            other.c.deployment_id == flow_run.c.deployment_id,
            other.c.state_type == sa.literal_column("'SCHEDULED'"),
            other.c.state_name == AWAITING_CONCURRENCY_SLOT,
        )
        .correlate(flow_run)
    )
    return sa.or_(held_back.correlate(execution), served)


async def read_overdue_cancellations(
    connection: AsyncConnection, scope: Scope, *, cancelled_before: datetime, limit: int
) -> list[OverdueRun]:
    """Runs of a workspace that have been CANCELLING since before this moment, the oldest first."""
    rows = await connection.execute(
        sa.select(flow_run.c.workspace_id, flow_run.c.id, flow_run.c.state_id)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.state_type == sa.literal_column("'CANCELLING'"),
            flow_run.c.state_timestamp <= cancelled_before,
        )
        .order_by(flow_run.c.state_timestamp)
        .limit(limit)
    )
    return [OverdueRun(*row) for row in rows]


async def read_expired_pauses(
    connection: AsyncConnection, scope: Scope, *, now: datetime, limit: int
) -> list[OverdueRun]:
    """Paused runs of a workspace whose time to be resumed is over, the oldest pause first."""
    # Whole seconds: beyond them the text of a moment is of no fixed length.
    ends = sa.func.substr(flow_run.c.state_details["pause_timeout"].as_string(), 1, _TO_SECONDS)
    rows = await connection.execute(
        sa.select(flow_run.c.workspace_id, flow_run.c.id, flow_run.c.state_id)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.state_type == sa.literal_column("'PAUSED'"),
            ends < now.isoformat()[:_TO_SECONDS],
        )
        .order_by(flow_run.c.state_timestamp)
        .limit(limit)
    )
    return [OverdueRun(*row) for row in rows]


_TO_SECONDS: Final = len("2026-01-01T00:00:00")
