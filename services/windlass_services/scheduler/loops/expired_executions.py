"""End executions that missed a deadline: to start, or to renew their lease."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Cancelled, Crashed, Scheduled
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.overdue_runs import ExpiredExecution, read_expired_executions
from windlass_services.storage.scope import Scope

_BATCH: Final = 500
_EVERY: Final = timedelta(seconds=2)


def duty(services: ServiceContext) -> Duty | None:
    """Look every two seconds: what a dead machine held is free soon after its deadline."""

    async def once() -> int:
        return await end_expired_executions(services)

    return Duty("expired-executions", _EVERY, once, busy_at=_BATCH)


async def end_expired_executions(services: ServiceContext) -> int:
    """Do one pass; returns how many executions were over their deadline.

    One that never started is dispatched again under a new execution; one that had started crashes;
    one that was being cancelled is cancelled. An execution that moved on meanwhile is left alone.
    """
    now = services.clock()
    async with services.database.read() as connection:
        expired = await read_expired_executions(connection, now=now, limit=_BATCH)
    for execution in expired:
        await services.orchestrator.propose(
            Scope(execution.workspace_id, "service:scheduler"),
            FlowRunTransition(
                flow_run_id=execution.flow_run_id,
                proposed=verdict_on(execution).model_copy(update={"id": uuid7(), "timestamp": now}),
                expected_state_id=execution.state_id,
            ),
        )
    return len(expired)


def verdict_on(execution: ExpiredExecution) -> State:
    """The state that an expired execution leaves its run in."""
    if execution.state_type is StateType.CANCELLING:
        return Cancelled(message="The run was being cancelled when its process was lost.")
    if not execution.was_presented and execution.has_work_pool:
        return Scheduled(
            message=f"Execution {execution.execution_id} did not start in time"
            f"{_on(execution)}; the run is dispatched again."
        )
    if not execution.was_presented:
        return Crashed(message=f"Execution {execution.execution_id} did not start in time.")
    return Crashed(
        message=f"The lease of execution {execution.execution_id} expired{_on(execution)}: its"
        " process or machine was lost, or could not reach the API."
    )


def _on(execution: ExpiredExecution) -> str:
    return f" on worker {execution.worker_name!r}" if execution.worker_name else ""
