"""Automations, and what is wrong with their templates."""

from typing import Annotated
from uuid import UUID

from starlette.responses import JSONResponse, Response

from windlass.schemas.automations import (
    Automation,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from windlass.schemas.filters.automations import AutomationQuery
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.events.templates import check_templates, find_problem
from windlass_services.orchestration.channels import AUTOMATIONS_CHANGED
from windlass_services.storage import automations
from windlass_services.storage.automation_targets import check_targets

router = Routes(tags=["Automations"])


@router.post("/automations/", status_code=201, response_model=Automation)
async def create_automation(
    context: InContext, scope: InScope, wanted: AutomationCreate
) -> Response:
    """Make an automation."""
    check_templates(wanted)
    async with context.database.write() as connection:
        await check_targets(connection, scope, wanted)
        made = await automations.create_automation(connection, scope, wanted, now=context.clock())
    await context.streams.announce(AUTOMATIONS_CHANGED)
    return answer(made, 201)


@router.post("/automations/count")
async def count_automations(context: InContext, scope: InScope) -> int:
    """How many automations there are."""
    async with context.database.read() as connection:
        return await automations.count_automations(connection, scope)


@router.post("/automations/filter", response_model=list[Automation])
async def read_automations(
    context: InContext, scope: InScope, query: Annotated[AutomationQuery | None, Body()] = None
) -> Response:
    """Automations that match, in the order asked for."""
    query = query or AutomationQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await automations.read_automations(
            connection, scope, query.automations, query.sort, window
        )
    return answer_list(found)


@router.post("/templates/validate")
@router.post("/automations/templates/validate")
async def validate_template(template: Annotated[str, Body()] = "") -> Response:
    """204 for a template that can be read, else 422 with what is wrong."""
    problem = find_problem(template)
    if problem is None:
        return Response(status_code=204)
    return JSONResponse({"error": problem._asdict()}, status_code=422)


@router.get("/automations/related-to/{resource_id:path}", response_model=list[Automation])
async def read_automations_related_to_resource(
    context: InContext, scope: InScope, resource_id: str
) -> Response:
    """The automations that have to do with a resource, such as `prefect.deployment.<id>`."""
    async with context.database.read() as connection:
        found = await automations.read_automations_related_to(connection, scope, resource_id)
    return answer_list(found)


@router.delete("/automations/owned-by/{resource_id:path}", status_code=202)
async def delete_automations_owned_by_resource(
    context: InContext, scope: InScope, resource_id: str
) -> None:
    """Delete the automations that were made together with a resource, for it alone."""
    async with context.database.write() as connection:
        await automations.delete_automations_owned_by(connection, scope, resource_id)


@router.get("/automations/{id}", response_model=Automation)
async def read_automation(context: InContext, scope: InScope, id: UUID) -> Response:
    """One automation."""
    async with context.database.read() as connection:
        return answer(await automations.read_automation(connection, scope, id))


@router.put("/automations/{id}", status_code=204)
async def update_automation(
    context: InContext, scope: InScope, id: UUID, wanted: AutomationUpdate
) -> None:
    """Put an automation in place of what it is."""
    check_templates(wanted)
    async with context.database.write() as connection:
        await check_targets(connection, scope, wanted)
        await automations.update_automation(connection, scope, id, wanted, now=context.clock())
    await context.streams.announce(AUTOMATIONS_CHANGED)


@router.patch("/automations/{id}", status_code=204)
async def patch_automation(
    context: InContext, scope: InScope, id: UUID, update: AutomationPartialUpdate
) -> None:
    """Enable or disable an automation."""
    async with context.database.write() as connection:
        await automations.patch_automation(connection, scope, id, update, now=context.clock())
    await context.streams.announce(AUTOMATIONS_CHANGED)


@router.delete("/automations/{id}", status_code=204)
async def delete_automation(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete an automation."""
    async with context.database.write() as connection:
        await automations.delete_automation(connection, scope, id)
