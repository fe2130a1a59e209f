"""Runs of deployments: made on request, made from schedules ahead of time, and asked for."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.deployments import ScheduledDeploymentRuns, ScheduleDeployment
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.recorded_polls import record_runner_polls
from windlass_services.api.requested_runs import requested_runs
from windlass_services.api.sizes import check_parameters_size
from windlass_services.api.windows import window_of
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.orchestration.horizon import Horizon
from windlass_services.storage.deployments import read_deployment
from windlass_services.storage.polls import Due, read_scheduled_runs_of_deployments

router = Routes(prefix="/deployments", tags=["Deployments"])


@router.post("/get_scheduled_flow_runs", response_model=list[FlowRun])
async def get_scheduled_flow_runs_for_deployments(
    context: InContext, scope: InScope, asked: ScheduledDeploymentRuns
) -> Response:
    """What a runner that serves these deployments may start, the earliest first."""
    limit = window_of(context, asked.limit).limit
    late_after = context.settings.server.services.late_runs.after_seconds
    due = Due(before=asked.scheduled_before, late_after=late_after)
    now = context.clock()
    async with context.database.read() as connection:
        runs = await read_scheduled_runs_of_deployments(
            connection, scope, asked.deployment_ids, due, limit=limit, now=now
        )
    await record_runner_polls(context, scope, asked.deployment_ids, now)
    return answer_list(runs)


@router.post("/{id}/create_flow_run", response_model=FlowRun)
async def create_flow_run_from_deployment(
    context: InContext,
    scope: InScope,
    id: UUID,
    wanted: Annotated[DeploymentFlowRunCreate | None, Body()] = None,
) -> Response:
    """Make a run, scheduled for now unless it says otherwise; 200 with the one of its key."""
    wanted = wanted or DeploymentFlowRunCreate()
    check_parameters_size(context, wanted.parameters)
    asked = RunFromDeployment(wanted)
    [made] = await context.orchestrator.create_from_deployment(scope, id, [asked])
    return answer(made.run, 201 if made.created else 200)


@router.post("/{id}/schedule")
async def schedule_deployment(
    context: InContext,
    scope: InScope,
    id: UUID,
    asked: Annotated[ScheduleDeployment | None, Body()] = None,
) -> None:
    """Make runs of the deployment's schedules now; for a backfill, in the past."""
    async with context.database.read() as connection:
        deployment = await read_deployment(connection, scope, id)
    usual = context.settings.server.services.scheduler
    horizon = Horizon(
        fewest_runs=usual.min_runs,
        most_runs=usual.max_runs,
        shortest=usual.min_scheduled_time,
        longest=usual.max_scheduled_time,
    )
    runs = requested_runs(deployment, asked or ScheduleDeployment(), context.clock(), horizon)
    await context.orchestrator.create_from_deployment(scope, id, runs)
