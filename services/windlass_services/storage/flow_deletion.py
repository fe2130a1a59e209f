"""Deleting a flow, and with it everything that could not be without it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass_services.storage.automations import delete_automations_owned_by
from windlass_services.storage.deletions import Deleted, clear_after
from windlass_services.storage.run_deletion import delete_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import deployment, deployment_schedule, flow, flow_run


async def delete_flow(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> None:
    """Delete a flow with its deployments, their schedules and triggers, and its runs with their
    history: at once what is under way, and of many runs the rest in the background.

    Raises `ObjectNotFound`.
    """
    gone = await connection.execute(
        sa.delete(flow).where(flow.c.id == id, flow.c.workspace_id == scope.workspace_id)
    )
    if not gone.rowcount:
        raise ObjectNotFound(f"There is no flow with the id {id}.")
    deployments = sa.select(deployment.c.id).where(deployment.c.flow_id == id)
    owners = [f"prefect.deployment.{one}" for one in await connection.scalars(deployments)]
    await delete_automations_owned_by(connection, scope, *owners)
    await connection.execute(
        sa.delete(deployment_schedule).where(deployment_schedule.c.deployment_id.in_(deployments))
    )
    await connection.execute(sa.delete(deployment).where(deployment.c.flow_id == id))
    under_way = sa.and_(flow_run.c.flow_id == id, _MAY_GO_ON)
    await delete_runs(connection, scope, under_way, now=now)
    await clear_after(connection, scope, Deleted.FLOW, id, now=now)


_MAY_GO_ON: Final = sa.or_(
    flow_run.c.state_type.in_(("PENDING", "RUNNING", "PAUSED", "CANCELLING")),
    flow_run.c.state_type.is_(None),
    # Nobody can start a run of a deployment that is gone, unless it was begun before.
    sa.and_(
        flow_run.c.state_type == "SCHEDULED",
        sa.or_(flow_run.c.deployment_id.is_(None), flow_run.c.execution_generation > 0),
    ),
)
