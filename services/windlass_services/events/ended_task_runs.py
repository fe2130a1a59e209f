"""Task runs that the server moves on, since the client whose business that is is gone."""

from uuid import UUID

from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.reports import ReportedState, TaskRunReport
from windlass.schemas.states import State
from windlass.schemas.task_runs import TaskRun
from windlass_services.events.reports import take_in_reports
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_runs import read_task_run


async def enter_for_client(
    services: ServiceContext, scope: Scope, task_run_id: UUID, before: State, wanted: State
) -> None:
    """Enter `wanted`, and tell of it as the client would, unless the run has left `before`.

    An end is presumed: what the client says of it counts, however late that comes.
    """
    if wanted.is_final():
        details = wanted.state_details.model_copy(update={"presumed": True})
        wanted = wanted.model_copy(update={"state_details": details})
    answer = await services.orchestrator.propose_task_run(
        scope, task_run_id, wanted, force=False, expected_state_id=before.id
    )
    if answer.status is SetStateStatus.ACCEPT:
        async with services.database.read() as connection:
            run = await read_task_run(connection, scope, task_run_id, now=wanted.timestamp)
        await take_in_reports(services, scope, [_report(run, before, wanted)])


def _report(run: TaskRun, before: State, entered: State) -> TaskRunReport:
    return TaskRunReport(
        id=run.id,
        flow_run_id=run.flow_run_id,
        task_key=run.task_key,
        dynamic_key=run.dynamic_key,
        name=run.name,
        tags=run.tags,
        task_version=run.task_version,
        task_inputs=run.task_inputs,
        empirical_policy=run.empirical_policy.model_dump(mode="json"),
        run_count=run.run_count,
        previous=_reported(before, run.run_count),
        states=[_reported(entered, run.run_count)],
    )


def _reported(state: State, run_count: int) -> ReportedState:
    return ReportedState(
        id=state.id,
        type=state.type,
        name=state.name,
        timestamp=state.timestamp,
        message=state.message,
        details=state.state_details.model_dump(mode="json", exclude_defaults=True),
        run_count=run_count,
    )
