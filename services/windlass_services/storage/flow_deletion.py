"""Deleting a flow, and with it everything that could not be without it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass_services.storage.automations import delete_automations_owned_by
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    deployment,
    deployment_schedule,
    dispatchable,
    execution,
    flow,
    flow_run,
    flow_run_input,
    flow_run_state,
    log,
    task_run,
    task_run_state,
)


async def delete_flow(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Delete a flow with its deployments, their schedules and triggers, and its runs with their
    history.

    Raises `ObjectNotFound`.
    """
    gone = await connection.execute(
        sa.delete(flow).where(flow.c.id == id, flow.c.workspace_id == scope.workspace_id)
    )
    if not gone.rowcount:
        raise ObjectNotFound(f"There is no flow with the id {id}.")
    runs = sa.select(flow_run.c.id).where(flow_run.c.flow_id == id)
    task_runs = sa.select(task_run.c.id).where(task_run.c.flow_run_id.in_(runs))
    deployments = sa.select(deployment.c.id).where(deployment.c.flow_id == id)
    owners = [f"prefect.deployment.{one}" for one in await connection.scalars(deployments)]
    await delete_automations_owned_by(connection, scope, *owners)
    for table, clause in (
        (task_run_state, task_run_state.c.task_run_id.in_(task_runs)),
        (task_run, task_run.c.flow_run_id.in_(runs)),
        (dispatchable, dispatchable.c.flow_run_id.in_(runs)),
        (execution, execution.c.flow_run_id.in_(runs)),
        (flow_run_input, flow_run_input.c.flow_run_id.in_(runs)),
        (flow_run_state, flow_run_state.c.flow_run_id.in_(runs)),
        (log, log.c.flow_run_id.in_(runs)),
        (flow_run, flow_run.c.flow_id == id),
        (deployment_schedule, deployment_schedule.c.deployment_id.in_(deployments)),
        (deployment, deployment.c.flow_id == id),
    ):
        await connection.execute(sa.delete(table).where(clause))
