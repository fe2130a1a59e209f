"""Flow runs: created, read, listed, and moved from state to state."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import Superseded
from windlass.schemas.fields import Labels
from windlass.schemas.filters.queries import FlowRunCountQuery, FlowRunPageQuery, FlowRunQuery
from windlass.schemas.flow_runs import (
    FlowRun,
    FlowRunCreate,
    FlowRunPaginationResponse,
    FlowRunUpdate,
)
from windlass.schemas.orchestration import OrchestrationResult, SetState
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import (
    ApiContext,
    InContext,
    InExecution,
    InScope,
    WithAuthority,
    refuse_late_word,
)
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.proposals import (
    flow_run_proposal,
    speaks_for,
    status_of,
    stop_of,
)
from windlass_services.api.sizes import check_parameters_size
from windlass_services.api.windows import filters_of, page_of, window_of
from windlass_services.storage import flow_runs
from windlass_services.storage.blocking_reasons import (
    read_blocking_reason,
    telling_blocking_reasons,
)
from windlass_services.storage.paging import PageNumbers

router = Routes(prefix="/flow_runs", tags=["Flow Runs"])


@router.post("/", response_model=FlowRun)
async def create_flow_run(context: InContext, scope: InScope, wanted: FlowRunCreate) -> Response:
    """Make a run, or answer 200 with the one of this idempotency key."""
    check_parameters_size(context, wanted.parameters)
    made = await context.orchestrator.create_flow_run(scope, wanted)
    return answer(made.run, 201 if made.created else 200)


@router.post("/count")
async def count_flow_runs(
    context: InContext, scope: InScope, query: Annotated[FlowRunCountQuery | None, Body()] = None
) -> int:
    """How many runs match."""
    async with context.database.read() as connection:
        return await flow_runs.count_flow_runs(connection, scope, filters_of(query))


@router.post("/filter", response_model=list[FlowRun])
async def read_flow_runs(
    context: InContext, scope: InScope, query: Annotated[FlowRunQuery | None, Body()] = None
) -> Response:
    """Runs that match, in the order asked for, each with what holds it back if it is due."""
    query = query or FlowRunQuery()
    window = window_of(context, query.limit, query.offset)
    now, late_after = context.clock(), _late_after(context)
    async with context.database.read() as connection:
        found = await flow_runs.read_flow_runs(
            connection, scope, filters_of(query), query.sort, window, now=now
        )
        found = await telling_blocking_reasons(connection, found, now=now, late_after=late_after)
    return answer_list(found)


@router.post("/paginate", response_model=FlowRunPaginationResponse)
async def paginate_flow_runs(
    context: InContext, scope: InScope, query: Annotated[FlowRunPageQuery | None, Body()] = None
) -> Response:
    """One page of runs, each with what holds it back if it is due; and how many there are."""
    query = query or FlowRunPageQuery()
    window = page_of(context, query.limit, query.page)
    filters = filters_of(query)
    now, late_after = context.clock(), _late_after(context)
    async with context.database.read() as connection:
        found = await flow_runs.read_flow_runs(
            connection, scope, filters, query.sort, window, now=now
        )
        found = await telling_blocking_reasons(connection, found, now=now, late_after=late_after)
        count = await flow_runs.count_flow_runs(connection, scope, filters)
    numbers = PageNumbers.of(count, window.limit, query.page)
    return answer(FlowRunPaginationResponse(results=found, **numbers.as_fields()))


@router.get("/{id}", response_model=FlowRun)
async def read_flow_run(context: InContext, scope: InScope, id: UUID) -> Response:
    """One run, its current state included, and what holds it back if it is due."""
    now = context.clock()
    async with context.database.read() as connection:
        run = await flow_runs.read_flow_run(connection, scope, id, now=now)
        late_after = _late_after(context)
        reason = await read_blocking_reason(connection, run, now=now, late_after=late_after)
    return answer(run.model_copy(update={"blocking_reason": reason}))


@router.patch("/{id}", status_code=204)
async def update_flow_run(
    context: InContext, scope: InScope, _: WithAuthority, id: UUID, update: FlowRunUpdate
) -> None:
    """Change what is sent."""
    check_parameters_size(context, update.parameters)
    async with context.database.write() as connection:
        await flow_runs.update_flow_run(connection, scope, id, update, now=context.clock())


@router.patch("/{id}/labels", status_code=204)
async def update_flow_run_labels(
    context: InContext,
    scope: InScope,
    _: WithAuthority,
    id: UUID,
    labels: Annotated[Labels, Body()],
) -> None:
    """Add labels, or change those there are."""
    async with context.database.write() as connection:
        await flow_runs.update_flow_run_labels(connection, scope, id, labels, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_flow_run(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a run with its history."""
    async with context.database.write() as connection:
        await flow_runs.delete_flow_run(connection, scope, id, now=context.clock())


@router.post("/{id}/set_state", response_model=OrchestrationResult)
async def set_flow_run_state(
    context: InContext, scope: InScope, speaker: InExecution, id: UUID, asked: SetState
) -> Response:
    """Propose a state. 201 when the run is in a new one, 200 when it stays in its own."""
    proposal = flow_run_proposal(id, asked, speaker, context.clock())
    try:
        if speaker is not None and not speaks_for(speaker, id):
            await refuse_late_word(context, scope, speaker)
        result = await context.orchestrator.propose(scope, proposal)
    except Superseded as superseded:
        if asked.execution_id is not None:
            raise
        result = stop_of(superseded)
    return answer(result, status_of(result, proposal.proposed))


def _late_after(context: ApiContext) -> timedelta:
    return context.settings.server.services.late_runs.after_seconds
