"""Queues that are made because somebody names them: a deployment, a worker, or an old client."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import (
    create_work_pool,
    find_work_pool,
    read_work_pool,
)
from windlass_services.storage.work_queues import (
    create_work_queue,
    find_work_queue,
    read_work_queue_by_name,
)

DEFAULT_AGENT_POOL: Final = "default-agent-pool"
"""The pool of queues that were made without naming a pool, as agents had them."""


async def ensure_work_queue(
    connection: AsyncConnection, scope: Scope, work_pool_name: str, name: str, *, now: datetime
) -> WorkQueue:
    """The queue of this name; a missing one is made, last in its pool."""
    pool = await read_work_pool(connection, scope, work_pool_name)
    found = await find_work_queue(connection, scope, pool.id, name)
    if found is not None:
        return found
    try:
        create = WorkQueueCreate(name=name)
        return await create_work_queue(connection, scope, work_pool_name, create, now=now)
    except ObjectAlreadyExists:
        return await read_work_queue_by_name(connection, scope, work_pool_name, name)


async def ensure_default_agent_pool(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> WorkPool:
    """The pool of queues that name no pool; it is made when it is first needed."""
    found = await find_work_pool(connection, scope, DEFAULT_AGENT_POOL)
    if found is not None:
        return found
    try:
        create = WorkPoolCreate(name=DEFAULT_AGENT_POOL)
        return await create_work_pool(connection, scope, create, now=now)
    except ObjectAlreadyExists:
        return await read_work_pool(connection, scope, DEFAULT_AGENT_POOL)
