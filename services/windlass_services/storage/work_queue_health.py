"""Whether a work queue is healthy: polled lately, and without late runs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.work_queues import WorkQueueHealthPolicy, WorkQueueStatusDetail
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run
from windlass_services.storage.work_queues import read_work_queue


async def read_work_queue_status(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> WorkQueueStatusDetail:
    """How a queue does by the default policy. Raises `ObjectNotFound`."""
    queue = await read_work_queue(connection, scope, id)
    late = await connection.execute(
        sa.select(sa.func.count())
        .select_from(flow_run)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.state_name == "Late",
            flow_run.c.work_queue_id == id,
        )
    )
    policy = WorkQueueHealthPolicy()
    late_runs = late.scalar_one()
    return WorkQueueStatusDetail(
        healthy=policy.evaluate_health_status(late_runs, queue.last_polled, now),
        late_runs_count=late_runs,
        last_polled=queue.last_polled,
        health_check_policy=policy,
    )
