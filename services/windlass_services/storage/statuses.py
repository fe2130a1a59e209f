"""Which pools, queues and deployments are ready: rows change on a transition only, never per poll.

A worker's heartbeat makes its pool ready, a poll makes the queue and the deployments in it ready;
`expire_statuses` takes back what nobody confirmed for a while.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.deployments import DeploymentStatus
from windlass.schemas.work_pools import WorkPool, WorkPoolStatus
from windlass.schemas.work_queues import WorkQueueStatus
from windlass.schemas.workers import WorkerStatus
from windlass_services.storage.subjects import Named
from windlass_services.storage.tables import deployment, flow, work_pool, work_queue, worker

READY_FOR: Final = timedelta(seconds=60)
"""How long a poll makes a queue, or a deployment that is served, ready."""


@dataclass(frozen=True, slots=True)
class Silence:
    """How long nothing may be heard of something that counts as ready, or online."""

    work_queue: timedelta = READY_FOR
    deployment: timedelta = READY_FOR
    """For one that is served; those in a queue are as ready as the queue."""
    heartbeat_interval: timedelta = timedelta(seconds=30)
    """How often a worker is expected that does not say how often it will be heard of."""
    missed_heartbeats: int = 3
    """After so many intervals in silence a worker is offline."""

    def of_worker(self, interval_seconds: int | None) -> timedelta:
        """The silence of a worker that said this interval, or none."""
        said = timedelta(seconds=interval_seconds) if interval_seconds else None
        return self.missed_heartbeats * (said or self.heartbeat_interval)


USUAL_SILENCE: Final = Silence()


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A pool, queue or deployment that has another status than before, to be told in an event."""

    kind: str
    """As in resource ids: `work-pool`, `work-queue` or `deployment`."""
    subject: Named
    status: str
    work_pool: Named | None = None
    """The pool of a queue or of a deployment."""
    work_pool_type: str | None = None
    work_queue: Named | None = None
    flow: Named | None = None


def is_recent(last_polled: datetime | None, now: datetime) -> bool:
    """Whether a poll then makes ready now."""
    return last_polled is not None and now - last_polled <= READY_FOR


def work_queue_status(
    *, is_paused: bool, last_polled: datetime | None, now: datetime
) -> WorkQueueStatus:
    """The status of a queue, from what else is known of it."""
    if is_paused:
        return WorkQueueStatus.PAUSED
    return WorkQueueStatus.READY if is_recent(last_polled, now) else WorkQueueStatus.NOT_READY


async def work_pool_status(
    connection: AsyncConnection, work_pool_id: UUID, *, is_paused: bool
) -> WorkPoolStatus:
    """The status of a pool, from whether a worker of it is online."""
    if is_paused:
        return WorkPoolStatus.PAUSED
    online = sa.exists().where(
        worker.c.work_pool_id == work_pool_id, worker.c.status == WorkerStatus.ONLINE
    )
    is_online = await connection.execute(sa.select(online))
    return WorkPoolStatus.READY if is_online.scalar_one() else WorkPoolStatus.NOT_READY


async def mark_work_queues(
    connection: AsyncConnection, ids: Collection[UUID], status: WorkQueueStatus
) -> list[StatusChange]:
    """Give these queues, unless paused, and the deployments in them a status."""
    changed = await connection.execute(
        sa.update(work_queue)
        .where(
            work_queue.c.id.in_(ids),
            work_queue.c.status.not_in((status, WorkQueueStatus.PAUSED)),
        )
        .values(status=status)
        .returning(work_queue.c.id)
    )
    changed_ids = changed.scalars().all()
    if not changed_ids:
        return []
    found = await connection.execute(_QUEUES.where(work_queue.c.id.in_(changed_ids)))
    changes = [_queue_change(row) for row in found.mappings()]
    in_queues = deployment.c.work_queue_id.in_(changed_ids)
    return changes + await mark_deployments(connection, in_queues, DeploymentStatus(status))


async def mark_deployments(
    connection: AsyncConnection, which: sa.ColumnElement[bool], status: DeploymentStatus
) -> list[StatusChange]:
    """Give the deployments of a clause a status."""
    changed = await connection.execute(
        sa.update(deployment)
        .where(which, deployment.c.status != status)
        .values(status=status)
        .returning(deployment.c.id)
    )
    changed_ids = changed.scalars().all()
    if not changed_ids:
        return []
    found = await connection.execute(_DEPLOYMENTS.where(deployment.c.id.in_(changed_ids)))
    return [_deployment_change(row) for row in found.mappings()]


async def mark_work_pool(
    connection: AsyncConnection, work_pool_id: UUID, status: WorkPoolStatus
) -> list[StatusChange]:
    """Give a pool, unless it is paused, a status."""
    changed = await connection.execute(
        sa.update(work_pool)
        .where(
            work_pool.c.id == work_pool_id,
            work_pool.c.status.not_in((status, WorkPoolStatus.PAUSED)),
        )
        .values(status=status)
        .returning(work_pool.c.id, work_pool.c.name, work_pool.c.type)
    )
    return [
        StatusChange("work-pool", Named(id, name), status, work_pool_type=type)
        for id, name, type in changed
    ]


async def expire_statuses(
    connection: AsyncConnection, now: datetime, allowed: Silence = USUAL_SILENCE
) -> list[StatusChange]:
    """Take back the statuses that nobody confirmed: silent workers, pools without any, queues and
    deployments that nobody polls. In every workspace. Constant while nothing changes."""
    changes = await _expire_workers(connection, now, allowed)
    silent = now - allowed.work_queue
    idle_queues = await connection.execute(
        sa.select(work_queue.c.id).where(
            work_queue.c.status == WorkQueueStatus.READY,
            sa.or_(work_queue.c.last_polled.is_(None), work_queue.c.last_polled < silent),
        )
    )
    ids = idle_queues.scalars().all()
    if ids:
        changes += await mark_work_queues(connection, ids, WorkQueueStatus.NOT_READY)
    served = sa.and_(
        deployment.c.work_queue_id.is_(None),
        deployment.c.last_polled < now - allowed.deployment,
    )
    return changes + await mark_deployments(connection, served, DeploymentStatus.NOT_READY)


async def _expire_workers(
    connection: AsyncConnection, now: datetime, allowed: Silence
) -> list[StatusChange]:
    online = await connection.execute(
        sa.select(
            worker.c.work_pool_id,
            worker.c.id,
            worker.c.last_heartbeat_time,
            worker.c.heartbeat_interval_seconds,
        ).where(worker.c.status == WorkerStatus.ONLINE)
    )
    silent: dict[UUID, dict[UUID, datetime]] = {}
    for pool_id, id, heard, seconds in online:
        if now - heard > allowed.of_worker(seconds):
            silent.setdefault(pool_id, {})[id] = heard
    changes: list[StatusChange] = []
    for pool_id in sorted(silent):
        changes += await _expire_in_pool(connection, pool_id, silent[pool_id], now)
    return changes


async def _expire_in_pool(
    connection: AsyncConnection, pool_id: UUID, silent: dict[UUID, datetime], now: datetime
) -> list[StatusChange]:
    # The pool before its workers, as everywhere.
    await connection.execute(
        sa.select(work_pool.c.id).where(work_pool.c.id == pool_id).with_for_update()
    )
    await connection.execute(
        sa.update(worker)
        # One that was heard of meanwhile stays online.
        .where(worker.c.id.in_(silent), worker.c.last_heartbeat_time <= max(silent.values()))
        .values(status=WorkerStatus.OFFLINE, updated=now)
    )
    status = await work_pool_status(connection, pool_id, is_paused=False)
    return await mark_work_pool(connection, pool_id, status)


def work_pool_change(pool: WorkPool) -> StatusChange:
    """A pool is new, or has another status than before."""
    assert pool.status is not None
    named = Named(pool.id, pool.name)
    return StatusChange("work-pool", named, pool.status, work_pool_type=pool.type)


async def work_queue_change(connection: AsyncConnection, id: UUID) -> StatusChange:
    """A queue has another status than before: the one that its row says now."""
    found = await connection.execute(_QUEUES.where(work_queue.c.id == id))
    return _queue_change(found.mappings().one())


_QUEUES: Final = sa.select(
    work_queue.c.id,
    work_queue.c.name,
    work_queue.c.status,
    work_pool.c.id.label("work_pool_id"),
    work_pool.c.name.label("work_pool_name"),
    work_pool.c.type.label("work_pool_type"),
).join(work_pool, work_pool.c.id == work_queue.c.work_pool_id)

_DEPLOYMENTS: Final = (
    sa.select(
        deployment.c.id,
        deployment.c.name,
        deployment.c.status,
        flow.c.id.label("flow_id"),
        flow.c.name.label("flow_name"),
        work_queue.c.id.label("work_queue_id"),
        work_queue.c.name.label("work_queue_name"),
        work_pool.c.id.label("work_pool_id"),
        work_pool.c.name.label("work_pool_name"),
        work_pool.c.type.label("work_pool_type"),
    )
    .join(flow, flow.c.id == deployment.c.flow_id)
    .outerjoin(work_queue, work_queue.c.id == deployment.c.work_queue_id)
    .outerjoin(work_pool, work_pool.c.id == deployment.c.work_pool_id)
)


def _queue_change(row: sa.RowMapping) -> StatusChange:
    return StatusChange(
        "work-queue",
        Named(row["id"], row["name"]),
        row["status"],
        work_pool=Named(row["work_pool_id"], row["work_pool_name"]),
        work_pool_type=row["work_pool_type"],
    )


def _deployment_change(row: sa.RowMapping) -> StatusChange:
    return StatusChange(
        "deployment",
        Named(row["id"], row["name"]),
        row["status"],
        work_pool=_named(row, "work_pool"),
        work_pool_type=row["work_pool_type"],
        work_queue=_named(row, "work_queue"),
        flow=_named(row, "flow"),
    )


def _named(row: sa.RowMapping, kind: str) -> Named | None:
    id: UUID | None = row[f"{kind}_id"]
    return None if id is None else Named(id, row[f"{kind}_name"])
