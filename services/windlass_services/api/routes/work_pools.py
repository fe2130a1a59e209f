"""Work pools, and what polling workers ask of them."""

from typing import Annotated

from starlette.responses import Response

from windlass.schemas.filters.work_pools import WorkPoolCountQuery, WorkPoolQuery
from windlass.schemas.job_variables import check_default_job_variables
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolUpdate
from windlass.schemas.workers import ScheduledFlowRuns, WorkerFlowRunResponse
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.changes import changing
from windlass_services.api.collections.worker_types import default_base_job_template
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.polling import naming_candidates
from windlass_services.api.recorded_polls import record_queue_polls
from windlass_services.api.windows import window_of
from windlass_services.api.worker_traffic import Poll
from windlass_services.storage import work_pools
from windlass_services.storage.polls import Due
from windlass_services.storage.statuses import work_pool_change

router = Routes(prefix="/work_pools", tags=["Work Pools"])


@router.post("/", status_code=201, response_model=WorkPool)
async def create_work_pool(context: InContext, scope: InScope, create: WorkPoolCreate) -> Response:
    """Make a pool. Without a base job template it gets the one of its type."""
    if not create.base_job_template:
        template = default_base_job_template(create.type)
        create = create.model_copy(update={"base_job_template": template})
    check_default_job_variables(create.base_job_template, of=f"the work pool {create.name!r}")
    async with changing(context, scope) as change:
        pool = await work_pools.create_work_pool(
            change.connection, scope, create, now=context.clock()
        )
        change.statuses.append(work_pool_change(pool))
    return answer(pool, 201)


@router.post("/count")
async def count_work_pools(
    context: InContext, scope: InScope, query: Annotated[WorkPoolCountQuery | None, Body()] = None
) -> int:
    """How many pools match."""
    asked = query.work_pools if query else None
    async with context.database.read() as connection:
        return await work_pools.count_work_pools(connection, scope, asked)


@router.post("/filter", response_model=list[WorkPool])
async def read_work_pools(
    context: InContext, scope: InScope, query: Annotated[WorkPoolQuery | None, Body()] = None
) -> Response:
    """Pools that match, by name."""
    query = query or WorkPoolQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        return answer_list(
            await work_pools.read_work_pools(connection, scope, query.work_pools, window)
        )


@router.get("/{name}", response_model=WorkPool)
async def read_work_pool(context: InContext, scope: InScope, name: str) -> Response:
    """The pool of this name."""
    async with context.database.read() as connection:
        return answer(await work_pools.read_work_pool(connection, scope, name))


@router.patch("/{name}", status_code=204)
async def update_work_pool(
    context: InContext, scope: InScope, name: str, update: WorkPoolUpdate
) -> None:
    """Change what is sent. Runs that may start now do."""
    if update.base_job_template:
        check_default_job_variables(update.base_job_template, of=f"the work pool {name!r}")
    async with changing(context, scope) as change:
        pool, change.statuses = await work_pools.update_work_pool(
            change.connection, scope, name, update, now=context.clock()
        )
        if update.model_fields_set & {"is_paused", "concurrency_limit"}:
            change.wake(pool.id)


@router.delete("/{name}", status_code=204)
async def delete_work_pool(context: InContext, scope: InScope, name: str) -> None:
    """Delete a pool with its queues and workers; those that wait for runs of it are told."""
    async with changing(context, scope) as change:
        change.wake(
            await work_pools.delete_work_pool(change.connection, scope, name, now=context.clock())
        )


@router.post("/{name}/get_scheduled_flow_runs", response_model=list[WorkerFlowRunResponse])
async def get_scheduled_flow_runs(
    context: InContext,
    scope: InScope,
    name: str,
    asked: Annotated[ScheduledFlowRuns | None, Body()] = None,
) -> Response:
    """What a polling worker may start, in order; asking makes the queues ready."""
    asked = asked or ScheduledFlowRuns()
    names = asked.work_queue_names
    late_after = context.settings.server.services.late_runs.after_seconds
    found = await context.worker_traffic.poll(
        Poll(
            scope,
            name,
            None if names is None else tuple(names),
            Due(asked.scheduled_before, asked.scheduled_after, late_after),
            window_of(context, asked.limit).limit,
        )
    )
    await record_queue_polls(context, scope, found.queues, context.clock())
    return answer_list(await naming_candidates(context, scope, found))
