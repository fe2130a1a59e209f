"""Which work queues a deployment's runs can be taken out of."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.deployments import Deployment
from windlass.schemas.work_queues import WorkQueue
from windlass_services.storage.deployments import read_deployment
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import work_queue
from windlass_services.storage.work_queues import read_queues_where


async def work_queues_for_deployment(
    connection: AsyncConnection, scope: Scope, deployment_id: UUID
) -> list[WorkQueue]:
    """Its own queue, and the old tag-based ones that match it. Raises `ObjectNotFound`."""
    deployment = await read_deployment(connection, scope, deployment_id)
    own_or_old = sa.or_(
        work_queue.c.id == deployment.work_queue_id, work_queue.c.filter.is_not(None)
    )
    found = await read_queues_where(connection, scope, own_or_old)
    return [
        queue
        for queue in found
        if queue.id == deployment.work_queue_id or serves(queue, deployment)
    ]


def serves(queue: WorkQueue, deployment: Deployment) -> bool:
    """Whether an old tag-based queue serves a deployment; an empty or missing condition holds."""
    asked = queue.filter
    if asked is None:
        return False
    has_tags = set(asked.tags or ()) <= set(deployment.tags)
    return has_tags and (not asked.deployment_ids or deployment.id in asked.deployment_ids)
