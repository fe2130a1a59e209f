"""Task runs: reported by their clients, or orchestrated here."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import Superseded
from windlass.schemas.filters.queries import TaskRunCountQuery, TaskRunPageQuery, TaskRunQuery
from windlass.schemas.orchestration import OrchestrationResult, SetState
from windlass.schemas.reports import ReportsAccepted, TaskRunReports
from windlass.schemas.states import StateCreate, StateType
from windlass.schemas.task_runs import (
    TaskRun,
    TaskRunCreate,
    TaskRunPaginationResponse,
    TaskRunUpdate,
)
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InExecution, InScope, refuse_late_word
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.proposals import state_of, status_of, stop_of
from windlass_services.api.windows import filters_of, page_of, window_of
from windlass_services.events.reports import take_in_reports
from windlass_services.storage import task_runs
from windlass_services.storage.paging import PageNumbers

router = Routes(prefix="/task_runs", tags=["Task Runs"])


@router.post("/report", status_code=201)
async def report_task_runs(
    context: InContext, scope: InScope, sent: TaskRunReports
) -> ReportsAccepted:
    """Take what a process says about its task runs. What is answered is stored."""
    await take_in_reports(context.services, scope, sent.reports)
    return ReportsAccepted(accepted=len(sent.reports))


@router.post("/", response_model=TaskRun)
async def create_task_run(context: InContext, scope: InScope, wanted: TaskRunCreate) -> Response:
    """Make a run, or answer 200 with the one of this flow run, task and dynamic key.

    It is PENDING unless its client says otherwise.
    """
    now = context.clock()
    async with context.database.write() as connection:
        id, is_new = await task_runs.find_or_create_task_run(connection, scope, wanted, now=now)
    if is_new:
        first = wanted.state or StateCreate(type=StateType.PENDING)
        state = state_of(SetState(state=first), now)
        await context.orchestrator.propose_task_run(scope, id, state, force=True)
    async with context.database.read() as connection:
        run = await task_runs.read_task_run(connection, scope, id, now=now)
    return answer(run, 201 if is_new else 200)


@router.post("/count")
async def count_task_runs(
    context: InContext, scope: InScope, query: Annotated[TaskRunCountQuery | None, Body()] = None
) -> int:
    """How many runs match."""
    async with context.database.read() as connection:
        return await task_runs.count_task_runs(connection, scope, filters_of(query))


@router.post("/filter", response_model=list[TaskRun])
async def read_task_runs(
    context: InContext, scope: InScope, query: Annotated[TaskRunQuery | None, Body()] = None
) -> Response:
    """Runs that match, in the order asked for."""
    query = query or TaskRunQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await task_runs.read_task_runs(
            connection, scope, filters_of(query), query.sort, window, now=context.clock()
        )
    return answer_list(found)


@router.post("/paginate", response_model=TaskRunPaginationResponse)
async def paginate_task_runs(
    context: InContext, scope: InScope, query: Annotated[TaskRunPageQuery | None, Body()] = None
) -> Response:
    """One page of runs, and how many there are."""
    query = query or TaskRunPageQuery()
    window = page_of(context, query.limit, query.page)
    filters = filters_of(query)
    async with context.database.read() as connection:
        found = await task_runs.read_task_runs(
            connection, scope, filters, query.sort, window, now=context.clock()
        )
        count = await task_runs.count_task_runs(connection, scope, filters)
    numbers = PageNumbers.of(count, window.limit, query.page)
    return answer(TaskRunPaginationResponse(results=found, **numbers.as_fields()))


@router.get("/{id}", response_model=TaskRun)
async def read_task_run(context: InContext, scope: InScope, id: UUID) -> Response:
    """One run, its current state included."""
    async with context.database.read() as connection:
        return answer(await task_runs.read_task_run(connection, scope, id, now=context.clock()))


@router.patch("/{id}", status_code=204)
async def update_task_run(
    context: InContext, scope: InScope, id: UUID, update: TaskRunUpdate
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await task_runs.update_task_run(connection, scope, id, update, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_task_run(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a run with its history."""
    async with context.database.write() as connection:
        await task_runs.delete_task_run(connection, scope, id)


@router.post("/{id}/set_state", response_model=OrchestrationResult)
async def set_task_run_state(
    context: InContext, scope: InScope, speaker: InExecution, id: UUID, asked: SetState
) -> Response:
    """Propose a state. 201 when the run is in a new one, 200 when it stays in its own."""
    state = state_of(asked, context.clock())
    if speaker is not None:
        try:
            await refuse_late_word(context, scope, speaker)
        except Superseded as superseded:
            return answer(stop_of(superseded))
    result = await context.orchestrator.propose_task_run(scope, id, state, force=asked.force)
    return answer(result, status_of(result, state))
