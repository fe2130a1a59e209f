"""The workers of a pool."""

from typing import Annotated

from starlette.responses import Response

from windlass.schemas.filters.workers import WorkerQuery
from windlass.schemas.teardowns import TEARDOWNS_HEADER
from windlass.schemas.workers import Worker, WorkerHeartbeat
from windlass_services.api.answers import answer_list
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import workers

router = Routes(prefix="/work_pools/{work_pool_name}/workers", tags=["Work Pools"])


@router.post("/heartbeat", status_code=204, response_model=None)
async def worker_heartbeat(
    context: InContext, scope: InScope, work_pool_name: str, heartbeat: WorkerHeartbeat
) -> Response:
    """A worker is there: it is online, and its pool ready.

    The header `X-Windlass-Teardowns` tells it how many teardowns wait that it may take.
    """
    due = await context.worker_traffic.heartbeat(scope, work_pool_name, heartbeat)
    headers = {TEARDOWNS_HEADER: str(due)} if due else None
    return Response(status_code=204, headers=headers)


@router.post("/filter", response_model=list[Worker])
async def read_workers(
    context: InContext,
    scope: InScope,
    work_pool_name: str,
    query: Annotated[WorkerQuery | None, Body()] = None,
) -> Response:
    """Workers of a pool that match, the one heard of last first."""
    query = query or WorkerQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        return answer_list(
            await workers.read_workers(connection, scope, work_pool_name, query.workers, window)
        )


@router.delete("/{name}", status_code=204)
async def delete_worker(context: InContext, scope: InScope, work_pool_name: str, name: str) -> None:
    """Forget a worker. One that is alive comes back with its next heartbeat."""
    async with changing(context, scope) as change:
        change.statuses = await workers.delete_worker(
            change.connection, scope, work_pool_name, name
        )
