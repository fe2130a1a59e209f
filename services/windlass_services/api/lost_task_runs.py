"""Background task runs whose task worker is gone: run again where that is right, else ended."""

from datetime import datetime
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import AwaitingRetry, Cancelled, Crashed, Scheduled
from windlass.schemas.states import State, StateDetails, StateType
from windlass.schemas.task_runs import TaskRunPolicy
from windlass_services.events.ended_task_runs import enter_for_client
from windlass_services.orchestration.channels import TASK_RUNS_SCHEDULED
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_deliveries import (
    LostRun,
    forget_deliveries,
    forget_finished,
    free_lost_deliveries,
    is_delivered,
    read_lost_runs,
)

_BATCH: Final = 100


async def look_after_lost_runs(services: ServiceContext, now: datetime) -> None:
    """Do one pass: deliver again what never began, decide on what had, forget what is over."""
    async with services.database.write() as connection:
        await forget_finished(connection)
        lost = await read_lost_runs(connection, now=now, limit=_BATCH)
        over = [run.task_run_id for run in lost if _is_no_business_of_ours(run)]
        await forget_deliveries(connection, over)
        waiting = [run.task_run_id for run in lost if run.state and is_delivered(run.state)]
        freed = await free_lost_deliveries(connection, waiting, now=now)
    for key in freed:
        await services.streams.announce(TASK_RUNS_SCHEDULED, key)
    for run in lost:
        if not (_is_no_business_of_ours(run) or run.task_run_id in waiting):
            assert run.state is not None
            scope = Scope(run.workspace_id, "service:api")
            await enter_for_client(
                services, scope, run.task_run_id, run.state, verdict_on(run, now)
            )


def verdict_on(lost: LostRun, now: datetime) -> State:
    """The state of a run that a lost worker had taken.

    One that its code had not begun runs elsewhere; one that had is tried again, if it has retries
    left.
    """
    assert lost.state is not None
    gone = f"The task worker {lost.worker!r} is gone"
    details = StateDetails(deferred=True, task_parameters_id=lost.task_parameters_id)
    retries = TaskRunPolicy.model_validate(lost.empirical_policy).retries or 0
    match lost.state.type:
        case StateType.CANCELLING:
            return Cancelled(id=uuid7(), now=now, message=f"{gone}, while it was cancelling.")
        case StateType.SCHEDULED:
            due = lost.state.state_details.scheduled_time
            name = lost.state.name
            message = f"{gone}: another one runs it."
            return Scheduled(
                due, id=uuid7(), now=now, name=name, message=message, state_details=details
            )
        case StateType.PENDING:
            message = f"{gone}: another one runs it."
            return Scheduled(now, id=uuid7(), now=now, message=message, state_details=details)
        case _ if lost.run_count <= retries:
            message = f"{gone}: the run is tried again."
            return AwaitingRetry(now, id=uuid7(), now=now, message=message, state_details=details)
        case _:
            message = f"{gone}, or could not reach the API."
            return Crashed(id=uuid7(), now=now, message=message)


def _is_no_business_of_ours(lost: LostRun) -> bool:
    """Whether it is over or deleted, or waits for somebody to resume it."""
    return lost.state is None or lost.state.is_final() or lost.state.is_paused()
