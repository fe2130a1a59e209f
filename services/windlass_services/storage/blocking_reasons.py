"""Why a run that is due is not handed out: what a claim would meet, looked at from the run."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.deployments import DeploymentStatus
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.work_queues import WorkQueueStatus
from windlass_services.storage.catch_up import LATE_AFTER, goes_out
from windlass_services.storage.tables import (
    HELD_BACK,
    NOT_DUE,
    deployment,
    dispatchable,
    execution,
    flow_run,
    work_pool,
    work_queue,
)

DEPLOYMENT_LIMIT: Final = "deployment limit"
"""Why a run waits whose deployment has no slot for it."""
WORK_POOL_DELETED: Final = "The work pool of the run was deleted."
"""Why a run waits that was to go to a worker, and has no pool any more."""


async def read_blocking_reason(
    connection: AsyncConnection, run: FlowRun, *, now: datetime, late_after: timedelta = LATE_AFTER
) -> str | None:
    """What holds the run back, the first thing in its way; None if nothing does, or not yet.

    `catch-up policy` (it is about to be skipped), `work pool paused`, `work queue paused`,
    `no worker` (none asked for runs of the queue lately), `work pool limit`, `work queue limit`,
    `deployment limit`; without a pool `deployment deleted`, or `not served` (nobody asked for runs
    of the deployment lately); or that the pool was deleted.
    """
    [told] = await telling_blocking_reasons(connection, [run], now=now, late_after=late_after)
    return told.blocking_reason


async def telling_blocking_reasons(
    connection: AsyncConnection,
    runs: Sequence[FlowRun],
    *,
    now: datetime,
    late_after: timedelta = LATE_AFTER,
) -> list[FlowRun]:
    """The same runs, each with what holds it back: one question for all of them, and a second one
    where pools or queues have limits."""
    asked = [run.id for run in runs if _may_be_held(run, now)]
    if not asked:
        return list(runs)
    found = await connection.execute(_terms(now, late_after).where(flow_run.c.id.in_(asked)))
    terms = {row["flow_run_id"]: row for row in found.mappings()}
    live = await _count_live(connection, terms.values())
    reasons = {id: _reason(row, live, now) for id, row in terms.items()}
    return [
        run.model_copy(update={"blocking_reason": reason})
        if (reason := reasons.get(run.id)) is not None
        else run
        for run in runs
    ]


def _may_be_held(run: FlowRun, now: datetime) -> bool:
    due = run.next_scheduled_start_time
    is_due = run.blocking_reason is None and (due is None or due <= now)
    # That its deployment has no slot for it may not be the first thing in its way.
    return run.state_type is StateType.SCHEDULED and (
        is_due or run.blocking_reason == DEPLOYMENT_LIMIT
    )


@dataclass(frozen=True, slots=True)
class _Live:
    """How many slots of pools and of queues are taken."""

    in_pools: dict[UUID, int]
    in_queues: dict[UUID, int]


async def _count_live(connection: AsyncConnection, terms: Collection[sa.RowMapping]) -> _Live:
    """Of the pools where anything is limited."""
    live = _Live({}, {})
    limited = {
        row["pool_id"]
        for row in terms
        if row["pool_limit"] is not None or row["queue_limit"] is not None
    }
    if not limited:
        return live
    counted = await connection.execute(
        sa.select(execution.c.work_pool_id, execution.c.work_queue_id, sa.func.count())
        .where(execution.c.work_pool_id.in_(limited), execution.c.ended_at.is_(None))
        .group_by(execution.c.work_pool_id, execution.c.work_queue_id)
    )
    for pool_id, queue_id, count in counted:
        live.in_pools[pool_id] = live.in_pools.get(pool_id, 0) + count
        live.in_queues[queue_id] = live.in_queues.get(queue_id, 0) + count
    return live


def _reason(terms: sa.RowMapping, live: _Live, now: datetime) -> str | None:
    if terms["has_process"]:
        return None
    if terms["rank"] is None:
        return _reason_without_line(terms)
    if terms["due_at"] > now and not _is_held_back(terms):
        return None
    return next((reason for reason, holds in _REASONS if holds(terms, live)), None)


def _reason_without_line(terms: sa.RowMapping) -> str | None:
    """Of a run that is in no line of workers."""
    if terms["wanted_pool_id"] is not None:
        return WORK_POOL_DELETED if terms["pool_id"] is None else None
    if terms["deployment_id"] is None:
        return None  # whoever made it starts it
    if terms["deployment_status"] is None:
        return "deployment deleted"
    if not terms["goes_out"]:
        return _SKIPPED
    return None if terms["deployment_status"] == DeploymentStatus.READY else "not served"


def _is_held_back(terms: sa.RowMapping) -> bool:
    return HELD_BACK <= terms["rank"] < NOT_DUE


def _is_full(limit: int | None, taken: int) -> bool:
    return limit is not None and taken >= limit


_SKIPPED: Final = "catch-up policy"
_REASONS: Final[tuple[tuple[str, Callable[[sa.RowMapping, _Live], bool]], ...]] = (
    (_SKIPPED, lambda terms, _: not terms["goes_out"]),
    ("work pool paused", lambda terms, _: terms["pool_paused"]),
    ("work queue paused", lambda terms, _: terms["queue_paused"]),
    ("no worker", lambda terms, _: terms["queue_status"] != WorkQueueStatus.READY),
    (
        "work pool limit",
        lambda terms, live: _is_full(terms["pool_limit"], live.in_pools.get(terms["pool_id"], 0)),
    ),
    (
        "work queue limit",
        lambda terms, live: _is_full(
            terms["queue_limit"], live.in_queues.get(terms["queue_id"], 0)
        ),
    ),
    (DEPLOYMENT_LIMIT, lambda terms, _: _is_held_back(terms)),
)


def _terms(now: datetime, late_after: timedelta) -> sa.Select[*tuple[Any, ...]]:
    goes_on = sa.and_(execution.c.id == flow_run.c.execution_id, execution.c.ended_at.is_(None))
    of = ("flow_run.id", "flow_run.deployment_id")
    is_wanted = goes_out(*of, now=now, late_after=late_after)
    return (
        sa.select(
            flow_run.c.id.label("flow_run_id"),
            flow_run.c.deployment_id,
            flow_run.c.work_pool_id.label("wanted_pool_id"),
            execution.c.id.is_not(None).label("has_process"),
            deployment.c.status.label("deployment_status"),
            sa.case((is_wanted, sa.true()), else_=sa.false()).label("goes_out"),
            dispatchable.c.due_at,
            dispatchable.c.rank,
            work_pool.c.id.label("pool_id"),
            work_pool.c.is_paused.label("pool_paused"),
            work_pool.c.concurrency_limit.label("pool_limit"),
            work_queue.c.id.label("queue_id"),
            work_queue.c.is_paused.label("queue_paused"),
            work_queue.c.status.label("queue_status"),
            work_queue.c.concurrency_limit.label("queue_limit"),
        )
        .outerjoin(dispatchable, dispatchable.c.flow_run_id == flow_run.c.id)
        .outerjoin(work_pool, work_pool.c.id == flow_run.c.work_pool_id)
        .outerjoin(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
        .outerjoin(deployment, deployment.c.id == flow_run.c.deployment_id)
        .outerjoin(execution, goes_on)
    )
