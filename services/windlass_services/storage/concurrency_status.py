"""Who holds the slots of pools and queues: the live executions, and their runs."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.concurrency_status import (
    FlowRunSlotSummary,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyStatus,
    WorkQueueConcurrencyStatusDetail,
)
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.paging import PageNumbers, Window, count_rows, in_window
from windlass_services.storage.polls import live_executions
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run, work_queue
from windlass_services.storage.work_pools import read_work_pool
from windlass_services.storage.work_queues import read_work_queue, read_work_queues


async def read_work_pool_concurrency_status(
    connection: AsyncConnection,
    scope: Scope,
    name: str,
    window: Window,
    *,
    page: int,
    flow_run_limit: int,
    now: datetime,
) -> WorkPoolConcurrencyStatus:
    """The slots of a pool, and those of a window of its queues with the first runs that hold them.

    Raises `ObjectNotFound`.
    """
    pool = await read_work_pool(connection, scope, name)
    queues = await read_work_queues(connection, scope, None, window, work_pool_name=name)
    live = await live_executions(connection, pool.id)
    holders = await _first_holders(
        connection, [queue.id for queue in queues], most=flow_run_limit, now=now
    )
    count = await count_rows(connection, work_queue, work_queue.c.work_pool_id == pool.id)
    return WorkPoolConcurrencyStatus(
        active_slots=sum(live.values()),
        concurrency_limit=pool.concurrency_limit,
        queues=[
            WorkQueueConcurrencyStatusDetail(
                queue_id=queue.id,
                queue_name=queue.name,
                active_slots=live.get(queue.id, 0),
                concurrency_limit=queue.concurrency_limit,
                flow_runs=holders[queue.id],
                flow_run_count=live.get(queue.id, 0),
            )
            for queue in queues
        ],
        **PageNumbers.of(count, window.limit, page).as_fields(),
    )


async def read_work_queue_concurrency_status(
    connection: AsyncConnection, scope: Scope, id: UUID, window: Window, *, page: int, now: datetime
) -> WorkQueueConcurrencyStatus:
    """The slots of a queue, and a window of the runs that hold them. Raises `ObjectNotFound`."""
    queue = await read_work_queue(connection, scope, id)
    rows = await connection.execute(
        in_window(_HOLDERS.where(_live_in([id])).order_by(*_LONGEST), window)
    )
    count = await count_rows(connection, execution, _live_in([id]))
    return WorkQueueConcurrencyStatus(
        active_slots=count,
        concurrency_limit=queue.concurrency_limit,
        flow_runs=[_summary(row, now) for row in rows.mappings()],
        **PageNumbers.of(count, window.limit, page).as_fields(),
    )


_LONGEST: Final = (execution.c.opened_at, execution.c.id)
_HOLDERS: Final = sa.select(
    flow_run.c.id,
    flow_run.c.name,
    flow_run.c.state_type,
    flow_run.c.state_name,
    flow_run.c.start_time,
    flow_run.c.state_timestamp,
    execution.c.work_queue_id,
).join_from(execution, flow_run, flow_run.c.id == execution.c.flow_run_id)


def _live_in(work_queue_ids: Collection[UUID]) -> Clause:
    # With the pool, the partial index on live executions could be sought; by queue it is scanned,
    # and it is as short as there are slots taken.
    return sa.and_(execution.c.work_queue_id.in_(work_queue_ids), execution.c.ended_at.is_(None))


async def _first_holders(
    connection: AsyncConnection, work_queue_ids: Collection[UUID], *, most: int, now: datetime
) -> dict[UUID, list[FlowRunSlotSummary]]:
    """The runs that held a slot of each queue the longest, at most so many of each."""
    found: dict[UUID, list[FlowRunSlotSummary]] = {id: [] for id in work_queue_ids}
    place = sa.func.row_number().over(partition_by=execution.c.work_queue_id, order_by=_LONGEST)
    every = _HOLDERS.add_columns(place.label("place")).where(_live_in(work_queue_ids)).subquery()
    rows = await connection.execute(
        sa.select(every).where(every.c.place <= most).order_by(every.c.place)
    )
    for row in rows.mappings():
        found[row["work_queue_id"]].append(_summary(row, now))
    return found


def _summary(row: Mapping[Any, Any], now: datetime) -> FlowRunSlotSummary:
    since = row["state_timestamp"]
    seconds = None if since is None else max((now - since).total_seconds(), 0)
    return FlowRunSlotSummary.model_validate({**row, "time_in_current_state": seconds})
