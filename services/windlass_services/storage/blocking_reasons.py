"""Why a run that is due is not handed out: what a claim would meet, looked at from the run."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.work_queues import WorkQueueStatus
from windlass_services.storage.tables import (
    HELD_BACK,
    NOT_DUE,
    dispatchable,
    execution,
    work_pool,
    work_queue,
)

DEPLOYMENT_LIMIT: Final = "deployment limit"
"""Why a run waits whose deployment has no slot for it."""


async def read_blocking_reason(
    connection: AsyncConnection, run: FlowRun, *, now: datetime
) -> str | None:
    """What holds the run back, the first thing in its way; None if nothing does, or not yet.

    `work pool paused`, `work queue paused`, `no worker` (none asked for runs of the queue lately),
    `work pool limit`, `work queue limit`, `deployment limit`.
    """
    [told] = await telling_blocking_reasons(connection, [run], now=now)
    return told.blocking_reason


async def telling_blocking_reasons(
    connection: AsyncConnection, runs: Sequence[FlowRun], *, now: datetime
) -> list[FlowRun]:
    """The same runs, each with what holds it back: one question for all of them, and a second one
    where pools or queues have limits."""
    asked = [run.id for run in runs if _may_be_held(run, now)]
    if not asked:
        return list(runs)
    found = await connection.execute(_TERMS.where(dispatchable.c.flow_run_id.in_(asked)))
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
    is_due = due is None or due <= now
    return run.state_type is StateType.SCHEDULED and run.blocking_reason is None and is_due


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
    if HELD_BACK <= terms["rank"] < NOT_DUE:
        return DEPLOYMENT_LIMIT
    if terms["due_at"] > now:
        return None
    return next((reason for reason, holds in _REASONS if holds(terms, live)), None)


def _is_full(limit: int | None, taken: int) -> bool:
    return limit is not None and taken >= limit


_REASONS: Final[tuple[tuple[str, Callable[[sa.RowMapping, _Live], bool]], ...]] = (
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
)
_TERMS: Final = (
    sa.select(
        dispatchable.c.flow_run_id,
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
    .join(work_pool, work_pool.c.id == dispatchable.c.work_pool_id)
    .join(work_queue, work_queue.c.id == dispatchable.c.work_queue_id)
)
