"""Why a run that is due is not handed out: what a claim would meet, looked at from the run."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.work_queues import WorkQueueStatus
from windlass_services.storage.tables import dispatchable, execution, work_pool, work_queue


async def read_blocking_reason(
    connection: AsyncConnection, run: FlowRun, *, now: datetime
) -> str | None:
    """What holds the run back, the first thing in its way; None if nothing does, or not yet.

    `work pool paused`, `work queue paused`, `no worker` (none asked for runs of the queue lately),
    `work pool limit`, `work queue limit`, or what its record says: `deployment limit`.
    """
    if run.blocking_reason or run.state_type is not StateType.SCHEDULED:
        return run.blocking_reason
    found = await connection.execute(_TERMS.where(dispatchable.c.flow_run_id == run.id))
    terms = found.mappings().one_or_none()
    if terms is None or terms["due_at"] > now:
        return None
    return next((reason for reason, holds in _REASONS if holds(terms)), None)


def _is_full(limit: int | None, live: int) -> bool:
    return limit is not None and live >= limit


_REASONS: Final[tuple[tuple[str, Callable[[sa.RowMapping], bool]], ...]] = (
    ("work pool paused", lambda terms: terms["pool_paused"]),
    ("work queue paused", lambda terms: terms["queue_paused"]),
    ("no worker", lambda terms: terms["queue_status"] != WorkQueueStatus.READY),
    ("work pool limit", lambda terms: _is_full(terms["pool_limit"], terms["live_in_pool"])),
    ("work queue limit", lambda terms: _is_full(terms["queue_limit"], terms["live_in_queue"])),
)


def _live(where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).select_from(execution)
    return counted.where(execution.c.ended_at.is_(None), where).scalar_subquery()


_TERMS: Final = (
    sa.select(
        dispatchable.c.due_at,
        work_pool.c.is_paused.label("pool_paused"),
        work_pool.c.concurrency_limit.label("pool_limit"),
        work_queue.c.is_paused.label("queue_paused"),
        work_queue.c.status.label("queue_status"),
        work_queue.c.concurrency_limit.label("queue_limit"),
        _live(execution.c.work_pool_id == work_pool.c.id).label("live_in_pool"),
        _live(execution.c.work_queue_id == work_queue.c.id).label("live_in_queue"),
    )
    .join(work_pool, work_pool.c.id == dispatchable.c.work_pool_id)
    .join(work_queue, work_queue.c.id == dispatchable.c.work_queue_id)
)
