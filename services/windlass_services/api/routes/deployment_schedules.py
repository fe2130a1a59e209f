"""The schedules of a deployment."""

from uuid import UUID

from starlette.responses import Response

from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass_services.api.answers import answer_list
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.api.schedule_limits import check_schedules
from windlass_services.storage import deployment_schedules

router = Routes(prefix="/deployments/{id}/schedules", tags=["Deployments"])


@router.get("", response_model=list[DeploymentSchedule])
async def read_deployment_schedules(context: InContext, scope: InScope, id: UUID) -> Response:
    """The schedules of a deployment, the newest first."""
    async with context.database.read() as connection:
        return answer_list(
            await deployment_schedules.read_deployment_schedules(connection, scope, id)
        )


@router.post("", status_code=201, response_model=list[DeploymentSchedule])
async def create_deployment_schedules(
    context: InContext, scope: InScope, id: UUID, schedules: list[DeploymentScheduleCreate]
) -> Response:
    """Add schedules to those that there are."""
    check_schedules(context, schedules)
    async with changing(context, scope) as change:
        made = await deployment_schedules.create_deployment_schedules(
            change.connection, scope, id, schedules, now=context.clock()
        )
        change.schedules_changed = True
    response = answer_list(made)
    response.status_code = 201
    return response


@router.patch("/{schedule_id}", status_code=204)
async def update_deployment_schedule(
    context: InContext,
    scope: InScope,
    id: UUID,
    schedule_id: UUID,
    update: DeploymentScheduleUpdate,
) -> None:
    """Change what is sent; the runs that were made from what it was are removed."""
    check_schedules(context, [update])
    async with changing(context, scope) as change:
        await deployment_schedules.update_deployment_schedule(
            change.connection, scope, id, schedule_id, update, now=context.clock()
        )
        change.schedules_changed = True


@router.delete("/{schedule_id}", status_code=204)
async def delete_deployment_schedule(
    context: InContext, scope: InScope, id: UUID, schedule_id: UUID
) -> None:
    """Remove a schedule and the runs that wait because of it."""
    async with changing(context, scope) as change:
        await deployment_schedules.delete_deployment_schedule(
            change.connection, scope, id, schedule_id
        )
