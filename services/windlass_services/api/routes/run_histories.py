"""Histories: how many runs were in which state, interval by interval; and how late they are."""

from dataclasses import replace
from typing import Annotated

from starlette.responses import Response

from windlass.schemas.filters.queries import (
    FlowRunCountQuery,
    FlowRunHistoryQuery,
    TaskRunHistoryQuery,
)
from windlass.schemas.history import HistoryResponse
from windlass_services.api.answers import answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import filters_of
from windlass_services.storage import run_histories
from windlass_services.storage.run_histories import Intervals

router = Routes()


@router.post("/flow_runs/history", response_model=list[HistoryResponse], tags=["Flow Runs"])
async def flow_run_history(
    context: InContext, scope: InScope, query: FlowRunHistoryQuery
) -> Response:
    """Flow runs that match, counted by interval and state; the first 500 intervals."""
    filters = replace(filters_of(query), work_pool_queues=query.work_queues)
    async with context.database.read() as connection:
        found = await run_histories.read_flow_run_history(
            connection, scope, filters, Intervals.of(query), now=context.clock()
        )
    return answer_list(found)


@router.post("/flow_runs/lateness", tags=["Flow Runs"])
async def average_flow_run_lateness(
    context: InContext, scope: InScope, query: Annotated[FlowRunCountQuery | None, Body()] = None
) -> float | None:
    """How many seconds late the flow runs that match are on average; null if none matches."""
    async with context.database.read() as connection:
        return await run_histories.read_average_lateness(
            connection, scope, filters_of(query), now=context.clock()
        )


@router.post("/task_runs/history", response_model=list[HistoryResponse], tags=["Task Runs"])
async def task_run_history(
    context: InContext, scope: InScope, query: TaskRunHistoryQuery
) -> Response:
    """Task runs that match, counted by interval and state; the first 500 intervals."""
    async with context.database.read() as connection:
        found = await run_histories.read_task_run_history(
            connection, scope, filters_of(query), Intervals.of(query), now=context.clock()
        )
    return answer_list(found)
