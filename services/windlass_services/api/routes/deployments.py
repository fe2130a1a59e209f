"""Deployments: made or changed by flow and name, listed, paused and deleted."""

from typing import Annotated, Final
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.deployments import (
    Deployment,
    DeploymentCreate,
    DeploymentPaginationResponse,
    DeploymentUpdate,
)
from windlass.schemas.filters.queries import (
    DeploymentCountQuery,
    DeploymentPageQuery,
    DeploymentQuery,
)
from windlass.schemas.work_queues import WorkQueue
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Header, Routes
from windlass_services.api.schedule_limits import check_schedules
from windlass_services.api.sizes import check_parameters_size
from windlass_services.api.windows import filters_of, page_of, window_of
from windlass_services.orchestration.run_parameters import hydrated_parameters
from windlass_services.storage import deployment_changes, deployments
from windlass_services.storage.deployment_queues import work_queues_for_deployment
from windlass_services.storage.paging import PageNumbers

router = Routes(prefix="/deployments", tags=["Deployments"])

_STOCK_CLIENT: Final = "prefect/"


@router.post("/", response_model=Deployment)
async def create_deployment(
    context: InContext,
    scope: InScope,
    create: DeploymentCreate,
    user_agent: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Make a deployment (201), or change the one of this flow and name (200).

    What is not sent stays as it is; `schedules: []` removes them all.
    """
    check_parameters_size(context, create.parameters)
    check_schedules(context, create.schedules)
    async with changing(context, scope) as change:
        made, is_new = await deployment_changes.create_deployment(
            change.connection, scope, _as_meant(create, user_agent), now=context.clock()
        )
        change.schedules_changed = True
    return answer(made, 201 if is_new else 200)


def _as_meant(create: DeploymentCreate, user_agent: str) -> DeploymentCreate:
    """Stock clients send `schedules: []` whenever they were told of none: it must not wipe out the
    schedules that were made on the page or by a command."""
    if create.schedules or not user_agent.startswith(_STOCK_CLIENT):
        return create
    return DeploymentCreate.model_validate(
        create.model_dump(exclude={"schedules"}, exclude_unset=True)
    )


@router.post("/count")
async def count_deployments(
    context: InContext,
    scope: InScope,
    query: Annotated[DeploymentCountQuery | None, Body()] = None,
) -> int:
    """How many deployments match."""
    async with context.database.read() as connection:
        return await deployments.count_deployments(connection, scope, filters_of(query))


@router.post("/filter", response_model=list[Deployment])
async def read_deployments(
    context: InContext, scope: InScope, query: Annotated[DeploymentQuery | None, Body()] = None
) -> Response:
    """Deployments that match, in the order asked for."""
    query = query or DeploymentQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await deployments.read_deployments(
            connection, scope, filters_of(query), query.sort, window
        )
    return answer_list(found)


@router.post("/paginate", response_model=DeploymentPaginationResponse)
async def paginate_deployments(
    context: InContext,
    scope: InScope,
    query: Annotated[DeploymentPageQuery | None, Body()] = None,
) -> Response:
    """One page of deployments, and how many there are."""
    query = query or DeploymentPageQuery()
    window = page_of(context, query.limit, query.page)
    filters = filters_of(query)
    async with context.database.read() as connection:
        found = await deployments.read_deployments(connection, scope, filters, query.sort, window)
        count = await deployments.count_deployments(connection, scope, filters)
    numbers = PageNumbers.of(count, window.limit, query.page)
    return answer(DeploymentPaginationResponse(results=found, **numbers.as_fields()))


@router.get("/name/{flow_name}/{deployment_name}", response_model=Deployment)
async def read_deployment_by_name(
    context: InContext, scope: InScope, flow_name: str, deployment_name: str
) -> Response:
    """The deployment of this name of the flow of that name."""
    async with context.database.read() as connection:
        return answer(
            await deployments.read_deployment_by_name(connection, scope, flow_name, deployment_name)
        )


@router.get("/{id}", response_model=Deployment)
async def read_deployment(context: InContext, scope: InScope, id: UUID) -> Response:
    """One deployment."""
    async with context.database.read() as connection:
        return answer(await deployments.read_deployment(connection, scope, id))


@router.patch("/{id}", status_code=204)
async def update_deployment(
    context: InContext, scope: InScope, id: UUID, update: DeploymentUpdate
) -> None:
    """Change what is sent, and make the auto-scheduled runs anew."""
    check_schedules(context, update.schedules)
    check_parameters_size(context, update.parameters)
    if update.parameters:
        parameters = await hydrated_parameters(
            context.database, scope, update.parameters, of="the deployment"
        )
        update = update.model_copy(update={"parameters": parameters})
    async with changing(context, scope) as change:
        await deployment_changes.update_deployment(
            change.connection, scope, id, update, now=context.clock()
        )
        change.schedules_changed = True


@router.delete("/{id}", status_code=204)
async def delete_deployment(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a deployment with its schedules and the runs that wait."""
    async with changing(context, scope) as change:
        await deployments.delete_deployment(change.connection, scope, id, now=context.clock())


@router.post("/{id}/pause_deployment")
async def pause_deployment(context: InContext, scope: InScope, id: UUID) -> None:
    """Make no more runs by schedule, and remove those that have not started."""
    await _set_paused(context, scope, id, paused=True)


@router.post("/{id}/resume_deployment")
async def resume_deployment(context: InContext, scope: InScope, id: UUID) -> None:
    """Make runs by schedule again, from now on."""
    await _set_paused(context, scope, id, paused=False)


async def _set_paused(context: InContext, scope: InScope, id: UUID, *, paused: bool) -> None:
    async with changing(context, scope) as change:
        await deployments.set_deployment_paused(
            change.connection, scope, id, paused, now=context.clock()
        )
        change.schedules_changed = True


@router.get("/{id}/work_queue_check", response_model=list[WorkQueue])
async def work_queue_check_for_deployment(context: InContext, scope: InScope, id: UUID) -> Response:
    """The queues out of which runs of a deployment can be taken."""
    async with context.database.read() as connection:
        return answer_list(await work_queues_for_deployment(connection, scope, id))
