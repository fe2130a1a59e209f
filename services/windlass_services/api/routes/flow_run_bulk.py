"""Many flow runs in one request: deleted, moved to a state, made from a deployment."""

from typing import Annotated
from uuid import UUID

from windlass.exceptions import ObjectNotFound, RequestInvalid, Superseded
from windlass.schemas.filters.queries import FlowRunBulkDelete, FlowRunBulkSetState
from windlass.schemas.flow_runs import (
    DeploymentFlowRunCreate,
    FlowRunBulkCreateResponse,
    FlowRunBulkDeleteResponse,
    FlowRunBulkSetStateResponse,
    FlowRunCreateResult,
    FlowRunOrchestrationResult,
)
from windlass.schemas.orchestration import OrchestrationResult, SetState, SetStateStatus
from windlass.schemas.orchestration import StateAbortDetails as Aborted
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.proposals import flow_run_proposal
from windlass_services.api.sizes import check_parameters_size
from windlass_services.api.windows import filters_of
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.storage import flow_runs
from windlass_services.storage.scope import Scope

router = Routes(tags=["Flow Runs"])

_MOST_AT_ONCE = 100


@router.post("/flow_runs/bulk_delete")
async def bulk_delete_flow_runs(
    context: InContext, scope: InScope, asked: Annotated[FlowRunBulkDelete | None, Body()] = None
) -> FlowRunBulkDeleteResponse:
    """Delete runs that match with their histories, the latest first."""
    asked = asked or FlowRunBulkDelete()
    async with context.database.write() as connection:
        deleted = await flow_runs.delete_flow_runs(
            connection, scope, filters_of(asked), limit=asked.limit, now=context.clock()
        )
    return FlowRunBulkDeleteResponse(deleted=deleted)


@router.post("/flow_runs/bulk_set_state")
async def bulk_set_flow_run_state(
    context: InContext, scope: InScope, asked: FlowRunBulkSetState
) -> FlowRunBulkSetStateResponse:
    """Propose a state for runs that match, the latest first; the rules decide on each."""
    async with context.database.read() as connection:
        ids = await flow_runs.read_flow_run_ids(
            connection, scope, filters_of(asked), limit=asked.limit
        )
    wanted = SetState(state=asked.state, force=asked.force)
    results = [
        FlowRunOrchestrationResult(
            flow_run_id=id, **dict(await _proposed(context, scope, id, wanted))
        )
        for id in ids
    ]
    return FlowRunBulkSetStateResponse(results=results)


@router.post("/deployments/{id}/create_flow_run/bulk", tags=["Deployments"])
async def bulk_create_flow_runs_from_deployment(
    context: InContext, scope: InScope, id: UUID, wanted: list[DeploymentFlowRunCreate]
) -> FlowRunBulkCreateResponse:
    """Make runs of a deployment; one that cannot be made does not keep the others back."""
    if len(wanted) > _MOST_AT_ONCE:
        raise RequestInvalid(f"{len(wanted)} runs are too many: ask for {_MOST_AT_ONCE} at once.")
    results = [await _created(context, scope, id, one) for one in wanted]
    return FlowRunBulkCreateResponse(results=results)


async def _proposed(
    context: ApiContext, scope: Scope, id: UUID, wanted: SetState
) -> OrchestrationResult:
    try:
        return await context.orchestrator.propose(
            scope, flow_run_proposal(id, wanted, None, context.clock())
        )
    except (ObjectNotFound, Superseded) as reason:
        # Gone, or moved on, since it was found.
        details = Aborted(reason=str(reason))
        return OrchestrationResult(state=None, status=SetStateStatus.ABORT, details=details)


async def _created(
    context: ApiContext, scope: Scope, deployment_id: UUID, wanted: DeploymentFlowRunCreate
) -> FlowRunCreateResult:
    try:
        check_parameters_size(context, wanted.parameters)
        [made] = await context.orchestrator.create_from_deployment(
            scope, deployment_id, [RunFromDeployment(wanted)]
        )
    except RequestInvalid as reason:
        return FlowRunCreateResult(status="FAILED", error=str(reason))
    return FlowRunCreateResult(status="CREATED", flow_run_id=made.run.id)
