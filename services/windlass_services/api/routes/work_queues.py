"""Work queues by their own ids; made here, they belong to the default agent pool."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.filters.work_queues import WorkQueueQuery
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.work_queues import (
    WorkQueue,
    WorkQueueCreate,
    WorkQueueRuns,
    WorkQueueStatusDetail,
    WorkQueueUpdate,
)
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Header, Routes
from windlass_services.api.recorded_polls import record_queue_polls
from windlass_services.api.windows import window_of
from windlass_services.storage import work_queue_health, work_queues
from windlass_services.storage.ensured_queues import (
    DEFAULT_AGENT_POOL,
    ensure_default_agent_pool,
)
from windlass_services.storage.polls import Due, read_scheduled_runs_of_queue
from windlass_services.storage.work_pools import read_work_pool

router = Routes(prefix="/work_queues", tags=["Work Queues"])


@router.post("/", status_code=201, response_model=WorkQueue)
async def create_work_queue(
    context: InContext, scope: InScope, create: WorkQueueCreate
) -> Response:
    """Make a queue in the default agent pool, which is made with it if need be."""
    now = context.clock()
    async with changing(context, scope) as change:
        pool = await ensure_default_agent_pool(change.connection, scope, now=now)
        made = await work_queues.create_work_queue(
            change.connection, scope, pool.name, create, now=now
        )
    return answer(made, 201)


@router.post("/filter", response_model=list[WorkQueue])
async def read_work_queues(
    context: InContext, scope: InScope, query: Annotated[WorkQueueQuery | None, Body()] = None
) -> Response:
    """Queues of all pools that match."""
    query = query or WorkQueueQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        return answer_list(
            await work_queues.read_work_queues(connection, scope, query.work_queues, window)
        )


@router.get("/name/{name}", response_model=WorkQueue)
async def read_work_queue_by_name(context: InContext, scope: InScope, name: str) -> Response:
    """The queue of this name in the default agent pool."""
    async with context.database.read() as connection:
        return answer(
            await work_queues.read_work_queue_by_name(connection, scope, DEFAULT_AGENT_POOL, name)
        )


@router.get("/{id}", response_model=WorkQueue)
async def read_work_queue(context: InContext, scope: InScope, id: UUID) -> Response:
    """One queue."""
    async with context.database.read() as connection:
        return answer(await work_queues.read_work_queue(connection, scope, id))


@router.patch("/{id}", status_code=204)
async def update_work_queue(
    context: InContext, scope: InScope, id: UUID, update: WorkQueueUpdate
) -> None:
    """Change what is sent. A priority that is taken moves its holder down."""
    async with changing(context, scope) as change:
        queue, change.statuses = await work_queues.update_work_queue(
            change.connection, scope, id, update, now=context.clock()
        )
        change.wake(queue.work_pool_id)


@router.delete("/{id}", status_code=204)
async def delete_work_queue(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a queue; what waits in it moves to the default queue of its pool."""
    async with changing(context, scope) as change:
        queue = await work_queues.read_work_queue(change.connection, scope, id)
        await work_queues.delete_work_queue(change.connection, scope, id, now=context.clock())
        change.wake(queue.work_pool_id)


@router.post("/{id}/get_runs", response_model=list[FlowRun])
async def read_work_queue_runs(
    context: InContext,
    scope: InScope,
    id: UUID,
    asked: Annotated[WorkQueueRuns | None, Body()] = None,
    x_prefect_ui: Annotated[bool, Header()] = False,
) -> Response:
    """What an agent may start. Asking makes the queue ready, unless the page asks."""
    asked = asked or WorkQueueRuns()
    limit = window_of(context, asked.limit).limit
    now = context.clock()
    async with context.database.read() as connection:
        queue = await work_queues.read_work_queue(connection, scope, id)
        assert queue.work_pool_name is not None
        pool = await read_work_pool(connection, scope, queue.work_pool_name)
        late_after = context.settings.server.services.late_runs.after_seconds
        due = Due(before=asked.scheduled_before, late_after=late_after)
        runs = await read_scheduled_runs_of_queue(
            connection, scope, pool, queue, due, limit=limit, now=now
        )
    if not x_prefect_ui:
        await record_queue_polls(context, scope, [queue], now)
    return answer_list(runs)


@router.get("/{id}/status", response_model=WorkQueueStatusDetail)
async def read_work_queue_status(context: InContext, scope: InScope, id: UUID) -> Response:
    """Whether a queue is healthy, and why."""
    async with context.database.read() as connection:
        return answer(
            await work_queue_health.read_work_queue_status(
                connection, scope, id, now=context.clock()
            )
        )
