"""The work queues of a pool."""

from typing import Annotated

from starlette.responses import Response

from windlass.schemas.filters.work_queues import WorkQueueQuery
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate, WorkQueueUpdate
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import work_queues

router = Routes(prefix="/work_pools/{work_pool_name}/queues", tags=["Work Pools"])


@router.post("", status_code=201, response_model=WorkQueue)
async def create_work_queue(
    context: InContext, scope: InScope, work_pool_name: str, create: WorkQueueCreate
) -> Response:
    """Make a queue in a pool: last, unless it says its priority."""
    async with changing(context, scope) as change:
        made = await work_queues.create_work_queue(
            change.connection, scope, work_pool_name, create, now=context.clock()
        )
    return answer(made, 201)


@router.post("/filter", response_model=list[WorkQueue])
async def read_work_queues(
    context: InContext,
    scope: InScope,
    work_pool_name: str,
    query: Annotated[WorkQueueQuery | None, Body()] = None,
) -> Response:
    """Queues of a pool that match, by priority."""
    query = query or WorkQueueQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await work_queues.read_work_queues(
            connection, scope, query.work_queues, window, work_pool_name=work_pool_name
        )
    return answer_list(found)


@router.get("/{name}", response_model=WorkQueue)
async def read_work_queue(
    context: InContext, scope: InScope, work_pool_name: str, name: str
) -> Response:
    """The queue of this name in a pool."""
    async with context.database.read() as connection:
        return answer(
            await work_queues.read_work_queue_by_name(connection, scope, work_pool_name, name)
        )


@router.patch("/{name}", status_code=204)
async def update_work_queue(
    context: InContext, scope: InScope, work_pool_name: str, name: str, update: WorkQueueUpdate
) -> None:
    """Change what is sent. A priority that is taken moves its holder down."""
    async with changing(context, scope) as change:
        queue = await work_queues.read_work_queue_by_name(
            change.connection, scope, work_pool_name, name
        )
        queue, change.statuses = await work_queues.update_work_queue(
            change.connection, scope, queue.id, update, now=context.clock()
        )
        change.wake(queue.work_pool_id)


@router.delete("/{name}", status_code=204)
async def delete_work_queue(
    context: InContext, scope: InScope, work_pool_name: str, name: str
) -> None:
    """Delete a queue; what waits in it moves to the pool's default queue."""
    async with changing(context, scope) as change:
        queue = await work_queues.read_work_queue_by_name(
            change.connection, scope, work_pool_name, name
        )
        await work_queues.delete_work_queue(change.connection, scope, queue.id, now=context.clock())
        change.wake(queue.work_pool_id)
