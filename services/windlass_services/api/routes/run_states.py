"""The history of states, of flow runs and of task runs."""

from uuid import UUID

from starlette.responses import Response

from windlass.schemas.states import State
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage import run_states

router = Routes(tags=["Run States"])


@router.get("/flow_run_states/", response_model=list[State])
async def read_flow_run_states(context: InContext, scope: InScope, flow_run_id: UUID) -> Response:
    """Every state of a flow run, oldest first."""
    async with context.database.read() as connection:
        return answer_list(await run_states.read_flow_run_states(connection, scope, flow_run_id))


@router.get("/flow_run_states/{id}", response_model=State)
async def read_flow_run_state(context: InContext, scope: InScope, id: UUID) -> Response:
    """One state of a flow run."""
    async with context.database.read() as connection:
        return answer(await run_states.read_flow_run_state(connection, scope, id))


@router.get("/task_run_states/", response_model=list[State])
async def read_task_run_states(context: InContext, scope: InScope, task_run_id: UUID) -> Response:
    """Every state of a task run, oldest first."""
    async with context.database.read() as connection:
        return answer_list(await run_states.read_task_run_states(connection, scope, task_run_id))


@router.get("/task_run_states/{id}", response_model=State)
async def read_task_run_state(context: InContext, scope: InScope, id: UUID) -> Response:
    """One state of a task run."""
    async with context.database.read() as connection:
        return answer(await run_states.read_task_run_state(connection, scope, id))
