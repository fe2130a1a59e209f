"""Inputs of flow runs: sent to them while they run, and what they go on with after a pause."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputCreate, FlowRunInputQuery
from windlass.schemas.flow_runs import FlowRunResume
from windlass.schemas.orchestration import OrchestrationResult, SetStateStatus
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.resumption import resume
from windlass_services.api.windows import window_of
from windlass_services.storage import flow_run_inputs

router = Routes(prefix="/flow_runs", tags=["Flow Runs"])


@router.post("/{id}/input", status_code=201)
async def create_flow_run_input(
    context: InContext, scope: InScope, id: UUID, wanted: FlowRunInputCreate
) -> None:
    """Send a value to a run; a key is used once."""
    async with context.database.write() as connection:
        await flow_run_inputs.create_flow_run_input(
            connection, scope, id, wanted, now=context.clock()
        )


@router.post("/{id}/input/filter", response_model=list[FlowRunInput])
async def filter_flow_run_input(
    context: InContext, scope: InScope, id: UUID, asked: FlowRunInputQuery
) -> Response:
    """The first values whose keys begin as asked, the oldest first."""
    limit = window_of(context, asked.limit).limit
    async with context.database.read() as connection:
        found = await flow_run_inputs.read_flow_run_inputs(
            connection, scope, id, asked, limit=limit
        )
    return answer_list(found)


@router.get("/{id}/input/{key}")
async def read_flow_run_input(context: InContext, scope: InScope, id: UUID, key: str) -> Response:
    """The value of a key, as the text that was sent."""
    async with context.database.read() as connection:
        found = await flow_run_inputs.read_flow_run_input(connection, scope, id, key)
    return Response(found.value, media_type="text/plain")


@router.delete("/{id}/input/{key}", status_code=204)
async def delete_flow_run_input(context: InContext, scope: InScope, id: UUID, key: str) -> None:
    """Delete a value."""
    async with context.database.write() as connection:
        await flow_run_inputs.delete_flow_run_input(connection, scope, id, key)


@router.post("/{id}/resume", response_model=OrchestrationResult)
async def resume_flow_run(
    context: InContext,
    scope: InScope,
    id: UUID,
    asked: Annotated[FlowRunResume | None, Body()] = None,
) -> Response:
    """Let a paused run go on, with the input that it waits for. 201 when it does."""
    result = await resume(context, scope, id, asked and asked.run_input)
    return answer(result, 201 if result.status is SetStateStatus.ACCEPT else 200)
