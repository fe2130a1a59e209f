"""Many flows or deployments deleted in one request."""

from typing import Annotated

from windlass.schemas.deployments import DeploymentBulkDeleteResponse
from windlass.schemas.filters.queries import DeploymentBulkDelete, FlowBulkDelete
from windlass.schemas.filters.sorting import DeploymentSort, FlowSort
from windlass.schemas.flows import FlowBulkDeleteResponse
from windlass_services.api.changes import changing
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import filters_of
from windlass_services.storage import deployments, flows
from windlass_services.storage.flow_deletion import delete_flow
from windlass_services.storage.paging import Window

router = Routes()


@router.post("/flows/bulk_delete", tags=["Flows"])
async def bulk_delete_flows(
    context: InContext, scope: InScope, asked: Annotated[FlowBulkDelete | None, Body()] = None
) -> FlowBulkDeleteResponse:
    """Delete flows that match with their deployments and runs, by their names."""
    asked = asked or FlowBulkDelete()
    async with context.database.write() as connection:
        found = await flows.read_flows(
            connection, scope, filters_of(asked), FlowSort.NAME_ASC, Window(asked.limit)
        )
        for flow in found:
            await delete_flow(connection, scope, flow.id, now=context.clock())
    return FlowBulkDeleteResponse(deleted=[flow.id for flow in found])


@router.post("/deployments/bulk_delete", tags=["Deployments"])
async def bulk_delete_deployments(
    context: InContext,
    scope: InScope,
    asked: Annotated[DeploymentBulkDelete | None, Body()] = None,
) -> DeploymentBulkDeleteResponse:
    """Delete deployments that match with their schedules and the runs that wait, by their names."""
    asked = asked or DeploymentBulkDelete()
    async with changing(context, scope) as change:
        found = await deployments.read_deployments(
            change.connection,
            scope,
            filters_of(asked),
            DeploymentSort.NAME_ASC,
            Window(asked.limit),
        )
        for deployment in found:
            await deployments.delete_deployment(
                change.connection, scope, deployment.id, now=context.clock()
            )
    return DeploymentBulkDeleteResponse(deleted=[deployment.id for deployment in found])
