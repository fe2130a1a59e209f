"""Small answers for the web page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import RequestInvalid
from windlass.schemas.filters.queries import TaskRunCountQuery
from windlass.schemas.task_runs import TaskRunCount
from windlass.schemas.ui import (
    CountByState,
    FlowIds,
    FlowRunIds,
    SchemaValues,
    SchemaValuesValidationResponse,
    SimpleFlowRun,
    SimpleFlowRunQuery,
    SimpleNextFlowRun,
    TaskRunDashboardQuery,
    UITaskRun,
)
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.value_errors import error_tree, is_about_the_schema
from windlass_services.api.windows import filters_of
from windlass_services.orchestration.hydration import hydrate, variables_named_in
from windlass_services.storage import ui_counts
from windlass_services.storage.flow_runs import read_flow_run_name
from windlass_services.storage.paging import Window
from windlass_services.storage.task_runs import read_task_run
from windlass_services.storage.ui_counts import Span
from windlass_services.storage.variable_values import read_variable_values

router = Routes(prefix="/ui")

_DASHBOARD_PARTS = 20


@router.post("/flow_runs/history", response_model=list[SimpleFlowRun], tags=["Flow Runs", "UI"])
async def read_flow_run_history(
    context: InContext,
    scope: InScope,
    query: Annotated[SimpleFlowRunQuery | None, Body()] = None,
) -> Response:
    """Flow runs that match, as points of a chart."""
    query = query or SimpleFlowRunQuery()
    window = Window(query.limit, query.offset)
    async with context.database.read() as connection:
        found = await ui_counts.read_simple_flow_runs(
            connection, scope, filters_of(query), query.sort, window, now=context.clock()
        )
    return answer_list(found)


@router.post("/flow_runs/count-task-runs", tags=["Flow Runs", "UI"])
async def count_task_runs_by_flow_run(
    context: InContext, scope: InScope, asked: FlowRunIds
) -> dict[UUID, int]:
    """How many task runs each of these flow runs has."""
    async with context.database.read() as connection:
        return await ui_counts.count_task_runs_of_flow_runs(connection, scope, asked.flow_run_ids)


@router.post("/flows/count-deployments", tags=["Flows", "UI"])
async def count_deployments_by_flow(
    context: InContext, scope: InScope, asked: FlowIds
) -> dict[UUID, int]:
    """How many deployments each of these flows has."""
    async with context.database.read() as connection:
        return await ui_counts.count_deployments_of_flows(connection, scope, asked.flow_ids)


@router.post("/flows/next-runs", tags=["Flows", "UI"])
async def next_runs_by_flow(
    context: InContext, scope: InScope, asked: FlowIds
) -> dict[UUID, SimpleNextFlowRun | None]:
    """The run of each of these flows that is due first."""
    async with context.database.read() as connection:
        return await ui_counts.read_next_runs_of_flows(connection, scope, asked.flow_ids)


@router.post("/schemas/validate", tags=["UI", "Schemas"])
async def validate_values(
    context: InContext, scope: InScope, asked: SchemaValues
) -> SchemaValuesValidationResponse:
    """Whether values fit a schema, and where they do not."""
    async with context.database.read() as connection:
        variables = await read_variable_values(connection, scope, variables_named_in(asked.values))
    found = hydrate(asked.values, variables).violations_of(asked.values_schema)
    if any(map(is_about_the_schema, found)):
        raise RequestInvalid(f"Invalid schema: {found[0]}")
    return SchemaValuesValidationResponse(errors=error_tree(found), valid=not found)


@router.post(
    "/task_runs/dashboard/counts", response_model=list[TaskRunCount], tags=["Task Runs", "UI"]
)
async def read_dashboard_task_run_counts(
    context: InContext, scope: InScope, query: TaskRunDashboardQuery
) -> Response:
    """How many task runs completed and failed, in twenty parts of the time they started in."""
    started = query.task_runs.start_time
    if started is None or started.after_ is None:
        raise RequestInvalid("task_runs.start_time.after_ is required")
    start = min(started.after_, _LATEST_START)
    end = started.before_ or context.clock()
    span = Span(start, max(end, start + _SHORTEST), _DASHBOARD_PARTS)
    filters = replace(filters_of(query), work_pool_queues=query.work_queues)
    async with context.database.read() as connection:
        counts = await ui_counts.count_ends_of_task_runs(connection, scope, filters, span)
    return answer_list(counts)


_SHORTEST = timedelta(seconds=1)
_LATEST_START = datetime.max.replace(tzinfo=UTC) - _SHORTEST


@router.post("/task_runs/count", tags=["Task Runs", "UI"])
async def read_task_run_counts_by_state(
    context: InContext, scope: InScope, query: Annotated[TaskRunCountQuery | None, Body()] = None
) -> CountByState:
    """How many task runs are in a state of each type."""
    async with context.database.read() as connection:
        return await ui_counts.count_task_runs_by_state(connection, scope, filters_of(query))


@router.get("/task_runs/{id}", response_model=UITaskRun, tags=["Task Runs", "UI"])
async def read_task_run_with_flow_run_name(
    context: InContext, scope: InScope, id: UUID
) -> Response:
    """A task run with the name of its flow run."""
    async with context.database.read() as connection:
        run = await read_task_run(connection, scope, id, now=context.clock())
        name = await read_flow_run_name(connection, scope, run.flow_run_id)
    return answer(UITaskRun(**dict(run), flow_run_name=name))
