"""How many slots of pools and queues are taken, and by which runs."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.concurrency_status import (
    WorkPoolConcurrencyQuery,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyQuery,
    WorkQueueConcurrencyStatus,
)
from windlass_services.api.answers import answer
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import page_of
from windlass_services.storage import concurrency_status

router = Routes()


@router.post(
    "/work_pools/{name}/concurrency_status",
    tags=["Work Pools"],
    response_model=WorkPoolConcurrencyStatus,
)
async def read_work_pool_concurrency_status(
    context: InContext,
    scope: InScope,
    name: str,
    query: Annotated[WorkPoolConcurrencyQuery | None, Body()] = None,
) -> Response:
    """The slots of a pool, and of a page of its queues by priority."""
    query = query or WorkPoolConcurrencyQuery()
    window = page_of(context, query.limit, query.page)
    async with context.database.read() as connection:
        return answer(
            await concurrency_status.read_work_pool_concurrency_status(
                connection,
                scope,
                name,
                window,
                page=query.page,
                flow_run_limit=query.flow_run_limit,
                now=context.clock(),
            )
        )


@router.post(
    "/work_queues/{id}/concurrency_status",
    tags=["Work Queues"],
    response_model=WorkQueueConcurrencyStatus,
)
async def read_work_queue_concurrency_status(
    context: InContext,
    scope: InScope,
    id: UUID,
    query: Annotated[WorkQueueConcurrencyQuery | None, Body()] = None,
) -> Response:
    """The slots of a queue, and a page of the runs that hold them, the longest first."""
    query = query or WorkQueueConcurrencyQuery()
    window = page_of(context, query.limit, query.page)
    async with context.database.read() as connection:
        return answer(
            await concurrency_status.read_work_queue_concurrency_status(
                connection, scope, id, window, page=query.page, now=context.clock()
            )
        )
