"""Whether the deployments that an automation would run take the job variables it gives them."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.automations import AutomationCore
from windlass.schemas.job_variables import check_complete_job_variables
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import deployment, work_pool


async def check_targets(connection: AsyncConnection, scope: Scope, wanted: AutomationCore) -> None:
    """Raises `ObjectNotFound` for a deployment that is not there, and `RequestInvalid`.

    As the run would be checked: the variables lie over those of the deployment.
    """
    for action in wanted.actions:
        if isinstance(action, RunDeployment) and action.deployment_id and action.job_variables:
            await _check(connection, scope, wanted.name, action)


async def _check(
    connection: AsyncConnection, scope: Scope, name: str, action: RunDeployment
) -> None:
    rows = await connection.execute(
        sa.select(deployment.c.job_variables, work_pool.c.base_job_template)
        .select_from(deployment)
        .outerjoin(work_pool, work_pool.c.id == deployment.c.work_pool_id)
        .where(
            deployment.c.workspace_id == scope.workspace_id,
            deployment.c.id == action.deployment_id,
        )
    )
    row = rows.one_or_none()
    if row is None:
        raise ObjectNotFound(f"There is no deployment with the id {action.deployment_id}.")
    if row.base_job_template is not None:
        variables = {**row.job_variables, **(action.job_variables or {})}
        check_complete_job_variables(
            variables, row.base_job_template, of=f"the automation {name!r}"
        )
