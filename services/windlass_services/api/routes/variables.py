"""Variables."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.filters.variables import VariableCountQuery, VariableQuery
from windlass.schemas.variables import Variable, VariableCreate, VariableUpdate
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import variables

router = Routes(prefix="/variables", tags=["Variables"])


@router.post("/", status_code=201, response_model=Variable)
async def create_variable(context: InContext, scope: InScope, wanted: VariableCreate) -> Response:
    """Make a variable; 409 if there is one of this name."""
    async with context.database.write() as connection:
        made = await variables.create_variable(connection, scope, wanted, now=context.clock())
    return answer(made, 201)


@router.post("/filter", response_model=list[Variable])
async def read_variables(
    context: InContext, scope: InScope, query: Annotated[VariableQuery | None, Body()] = None
) -> Response:
    """Variables that match, in the order asked for."""
    query = query or VariableQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await variables.read_variables(
            connection, scope, query.variables, query.sort, window
        )
    return answer_list(found)


@router.post("/count")
async def count_variables(
    context: InContext, scope: InScope, query: Annotated[VariableCountQuery | None, Body()] = None
) -> int:
    """How many variables match."""
    asked = query and query.variables
    async with context.database.read() as connection:
        return await variables.count_variables(connection, scope, asked)


@router.get("/{id}", response_model=Variable)
async def read_variable(context: InContext, scope: InScope, id: UUID) -> Response:
    """One variable."""
    async with context.database.read() as connection:
        return answer(await variables.read_variable(connection, scope, id))


@router.get("/name/{name}", response_model=Variable)
async def read_variable_by_name(context: InContext, scope: InScope, name: str) -> Response:
    """The variable of this name."""
    async with context.database.read() as connection:
        return answer(await variables.read_variable(connection, scope, name))


@router.patch("/{id}", status_code=204)
async def update_variable(
    context: InContext, scope: InScope, id: UUID, update: VariableUpdate
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await variables.update_variable(connection, scope, id, update, now=context.clock())


@router.patch("/name/{name}", status_code=204)
async def update_variable_by_name(
    context: InContext, scope: InScope, name: str, update: VariableUpdate
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await variables.update_variable(connection, scope, name, update, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_variable(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a variable."""
    async with context.database.write() as connection:
        await variables.delete_variable(connection, scope, id)


@router.delete("/name/{name}", status_code=204)
async def delete_variable_by_name(context: InContext, scope: InScope, name: str) -> None:
    """Delete the variable of this name."""
    async with context.database.write() as connection:
        await variables.delete_variable(connection, scope, name)
