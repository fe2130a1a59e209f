"""What polling workers and runners ask: which runs are due; and the record that somebody polls.

Reading writes nothing. A poll is recorded when it changes a status, or when the one on record is
too old to say that somebody is there: never for each poll, and not for each deployment.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.deployments import DeploymentStatus
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.work_pools import WorkPool
from windlass.schemas.work_queues import WorkQueue, WorkQueueStatus
from windlass.schemas.workers import WorkerFlowRunResponse
from windlass_services.storage.catch_up import LATE_AFTER, goes_out
from windlass_services.storage.filters.criteria import Clause, has_all
from windlass_services.storage.flow_run_rows import flow_run_from_row
from windlass_services.storage.flow_runs import FLOW_RUN_WITH_NAMES
from windlass_services.storage.hot.claims import PoolTerms, QueueTerms, Room, room_in
from windlass_services.storage.indexed import Indexed
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange, mark_deployments, mark_work_queues
from windlass_services.storage.tables import (
    HELD_BACK,
    deployment,
    dispatchable,
    execution,
    flow_run,
    work_queue,
)

RECORDED_EVERY: Final = timedelta(seconds=10)
"""How old the poll on record may be before another one is recorded."""

_BRANCHES: Final = 100
"""Queues in one statement: SQLite takes at most 500 parts."""


@dataclass(frozen=True, slots=True)
class Due:
    """Between which moments a run must be due, both included; None is no bound."""

    before: datetime | None = None
    after: datetime | None = None
    late_after: timedelta = LATE_AFTER
    """How long after its time a run is late, which some catch-up policies go by."""


async def read_scheduled_runs(
    connection: AsyncConnection,
    scope: Scope,
    pool: WorkPool,
    queues: Sequence[WorkQueue],
    due: Due,
    *,
    limit: int,
    now: datetime,
) -> list[WorkerFlowRunResponse]:
    """Runs of these queues that may start: by priority of the queue, then as a claim takes them.

    None while the pool is paused, none of paused queues, and no more than the limits of pool and
    queues leave room for.
    """
    if pool.is_paused:
        return []
    terms = PoolTerms(
        concurrency_limit=pool.concurrency_limit,
        queues=tuple(
            QueueTerms(queue.id, queue.priority, queue.concurrency_limit)
            for queue in sorted(queues, key=lambda queue: (queue.priority, queue.id))
            if not queue.is_paused
        ),
        answered=False,
    )
    live = await live_executions(connection, pool.id) if terms.has_limits else {}
    found = await _waiting(connection, room_in(terms, live, limit), due, now)
    runs = await _read_runs(connection, scope, [run_id for run_id, _ in found], now)
    return [
        WorkerFlowRunResponse(work_pool_id=pool.id, work_queue_id=queue_id, flow_run=runs[run_id])
        for run_id, queue_id in found
        if run_id in runs
    ]


async def earliest_due(
    connection: AsyncConnection, work_queue_ids: Collection[UUID]
) -> datetime | None:
    """When the first run of these queues may start; None while none waits in them."""
    moments = [
        sa.select(dispatchable.c.due_at)
        .where(dispatchable.c.work_queue_id == id)
        .order_by(dispatchable.c.due_at)
        .limit(1)
        .subquery()
        for id in work_queue_ids
    ]
    found: list[datetime] = []
    for start in range(0, len(moments), _BRANCHES):
        branches = [sa.select(moment) for moment in moments[start : start + _BRANCHES]]
        found += (await connection.execute(sa.union_all(*branches))).scalars()
    return min(found, default=None)


async def queues_with_arrivals(
    connection: AsyncConnection, work_queue_ids: Collection[UUID], due_before: datetime
) -> list[UUID]:
    """The queues with runs that are due by then and not in line yet, for `hot.line_up`."""
    arriving = sa.exists().where(
        _ARRIVALS.c.work_queue_id == work_queue.c.id,
        _ARRIVALS.c.due_at <= due_before,
        _OUT_OF_LINE,
    )
    rows = await connection.execute(
        sa.select(work_queue.c.id).where(work_queue.c.id.in_(work_queue_ids), arriving)
    )
    return list(rows.scalars())


async def read_scheduled_runs_of_deployments(
    connection: AsyncConnection,
    scope: Scope,
    deployment_ids: Collection[UUID],
    due: Due,
    *,
    limit: int,
    now: datetime,
) -> list[FlowRun]:
    """Scheduled runs of these deployments, for a runner that serves them: the earliest first."""
    which = flow_run.c.deployment_id.in_(deployment_ids)
    return await _read_scheduled(connection, scope, which, due, limit=limit, now=now)


async def read_scheduled_runs_of_queue(
    connection: AsyncConnection,
    scope: Scope,
    pool: WorkPool,
    queue: WorkQueue,
    due: Due,
    *,
    limit: int,
    now: datetime,
) -> list[FlowRun]:
    """Runs of one queue that may start. An old tag-based queue has those of its deployments."""
    if queue.filter is None:
        found = await read_scheduled_runs(
            connection, scope, pool, [queue], due, limit=limit, now=now
        )
        return [one.flow_run for one in found]
    if queue.is_paused:
        return []
    which = sa.true()
    if queue.filter.tags:
        which = sa.and_(which, has_all(flow_run.c.tags, queue.filter.tags))
    if queue.filter.deployment_ids:
        which = sa.and_(which, flow_run.c.deployment_id.in_(queue.filter.deployment_ids))
    return await _read_scheduled(connection, scope, which, due, limit=limit, now=now)


async def live_executions(
    connection: AsyncConnection, work_pool_id: UUID
) -> dict[UUID | None, int]:
    """How many slots of a pool are taken, by queue."""
    counted = await connection.execute(
        sa.select(execution.c.work_queue_id, sa.func.count())
        .where(execution.c.work_pool_id == work_pool_id, execution.c.ended_at.is_(None))
        .group_by(execution.c.work_queue_id)
    )
    return {queue_id: count for queue_id, count in counted}


def polls_to_record(queues: Sequence[WorkQueue], now: datetime) -> list[UUID]:
    """The queues, of those polled now, whose poll is worth a write."""
    return [
        queue.id
        for queue in queues
        if queue.status is WorkQueueStatus.NOT_READY
        or queue.last_polled is None
        or now - queue.last_polled > RECORDED_EVERY
    ]


async def record_polls(
    connection: AsyncConnection, work_queue_ids: Collection[UUID], *, now: datetime
) -> list[StatusChange]:
    """These queues were polled now; they and their deployments are ready, unless paused."""
    await connection.execute(
        sa.update(work_queue)
        .where(
            work_queue.c.id.in_(work_queue_ids),
            sa.or_(
                work_queue.c.last_polled.is_(None), work_queue.c.last_polled < now - RECORDED_EVERY
            ),
        )
        .values(last_polled=now)
    )
    return await mark_work_queues(connection, work_queue_ids, WorkQueueStatus.READY)


async def deployment_polls_to_record(
    connection: AsyncConnection, scope: Scope, deployment_ids: Collection[UUID], *, now: datetime
) -> list[UUID]:
    """The deployments, of those polled now by a runner, whose poll is worth a write."""
    rows = await connection.execute(
        sa.select(deployment.c.id).where(
            deployment.c.workspace_id == scope.workspace_id,
            deployment.c.id.in_(deployment_ids),
            sa.or_(
                deployment.c.status == DeploymentStatus.NOT_READY,
                deployment.c.last_polled.is_(None),
                deployment.c.last_polled < now - RECORDED_EVERY,
            ),
        )
    )
    return list(rows.scalars())


async def record_deployment_polls(
    connection: AsyncConnection, deployment_ids: Collection[UUID], *, now: datetime
) -> list[StatusChange]:
    """A runner that serves these deployments asked for their runs now: they are ready."""
    which = deployment.c.id.in_(deployment_ids)
    await connection.execute(sa.update(deployment).where(which).values(last_polled=now))
    return await mark_deployments(connection, which, DeploymentStatus.READY)


async def _waiting(
    connection: AsyncConnection, room: Room, due: Due, now: datetime
) -> list[tuple[UUID, UUID]]:
    """Run and queue of what is due, in order."""
    found = await _peek(connection, room, due)
    # Even planning the policies takes longer than the rest: only where there are any.
    if any(has_policy for *_, has_policy in found):
        run, deployed = "dispatchable.flow_run_id", "dispatchable.deployment_id"
        wanted = goes_out(run, deployed, now=now, late_after=due.late_after)
        found = await _peek(connection, room, due, wanted)
    return [(run_id, queue_id) for run_id, queue_id, _ in found]


async def _peek(
    connection: AsyncConnection, room: Room, due: Due, *which: Clause
) -> list[tuple[UUID, UUID, bool]]:
    """With whether the deployment of the run has a catch-up policy."""
    found: list[tuple[UUID, UUID, bool]] = []
    for start in range(0, len(room.of_queue), _BRANCHES):
        wanted = room.total - len(found)
        if wanted <= 0:
            break
        branches = [
            _branch(runs, queue, space, due, (standing, *which))
            for queue, space in room.of_queue[start : start + _BRANCHES]
            for runs, standing in ((_LINE, _IN_LINE), (_ARRIVALS, _OUT_OF_LINE))
        ]
        every = sa.union_all(*branches).subquery()
        rows = await connection.execute(
            sa.select(
                every.c.flow_run_id, every.c.work_queue_id, deployment.c.catch_up.is_not(None)
            )
            .outerjoin(deployment, deployment.c.id == every.c.deployment_id)
            .order_by(every.c.priority, *(every.c[name] for name in _ORDER))
            .limit(wanted)
        )
        found += [(run_id, queue_id, has_policy) for run_id, queue_id, has_policy in rows]
    return found


def _branch(
    runs: Indexed, queue: QueueTerms, space: int, due: Due, which: Collection[Clause]
) -> sa.Select[Any]:
    first = (
        sa.select(runs, sa.literal(queue.priority).label("priority"))
        .where(
            runs.c.work_queue_id == queue.id,
            *_between(runs.c.due_at, due),
            *which,
        )
        .order_by(*(runs.c[name] for name in _ORDER))
        .limit(space)
        .subquery()
    )
    return sa.select(first)


_ORDER: Final = ("run_priority", "rank", "due_at", "flow_run_id")
_LINE: Final = Indexed(dispatchable, "ix_dispatchable__work_queue_id_run_priority_rank")
_ARRIVALS: Final = Indexed(dispatchable, "ix_dispatchable__arrivals")
# Spelt out, so that the partial indexes serve each.
_IN_LINE: Final = _LINE.c.rank < sa.literal_column(str(HELD_BACK))
_OUT_OF_LINE: Final = _ARRIVALS.c.rank >= sa.literal_column(str(HELD_BACK))


def _between(column: sa.ColumnElement[Any], due: Due) -> list[Clause]:
    clauses: list[Clause] = []
    if due.before is not None:
        clauses.append(column <= due.before)
    if due.after is not None:
        clauses.append(column >= due.after)
    return clauses


async def _read_scheduled(
    connection: AsyncConnection,
    scope: Scope,
    which: Clause,
    due: Due,
    *,
    limit: int,
    now: datetime,
) -> list[FlowRun]:
    rows = await connection.execute(
        FLOW_RUN_WITH_NAMES.where(
            flow_run.c.workspace_id == scope.workspace_id,
            which,
            # Spelt out, so that the partial indexes on scheduled runs serve it.
            flow_run.c.state_type == sa.literal_column(f"'{StateType.SCHEDULED.value}'"),
            *_between(flow_run.c.next_scheduled_start_time, due),
            _MAY_START,
            goes_out("flow_run.id", "flow_run.deployment_id", now=now, late_after=due.late_after),
        )
        .order_by(flow_run.c.next_scheduled_start_time, flow_run.c.id)
        .limit(limit)
    )
    return readable("flow run", rows.mappings(), partial(flow_run_from_row, now=now))


async def _read_runs(
    connection: AsyncConnection, scope: Scope, ids: Collection[UUID], now: datetime
) -> dict[UUID, FlowRun]:
    if not ids:
        return {}
    rows = await connection.execute(
        FLOW_RUN_WITH_NAMES.where(
            flow_run.c.workspace_id == scope.workspace_id, flow_run.c.id.in_(ids)
        )
    )
    return {row["id"]: flow_run_from_row(row, now) for row in rows.mappings()}


_MAY_START: Final = sa.or_(
    flow_run.c.deployment_id.is_(None),
    flow_run.c.run_count > 0,
    sa.exists().where(deployment.c.id == flow_run.c.deployment_id),
)
"""Not what waits to be cleared, since its deployment was deleted."""
