"""End executions that missed a deadline: to start, or to renew their lease."""

from datetime import datetime, timedelta
from typing import Final

from windlass.schemas.infrastructure_retry import InfrastructureFailure
from windlass.schemas.state_constructors import (
    AwaitingConcurrencySlot,
    Cancelled,
    Crashed,
    Scheduled,
)
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.api_beats import answering_since
from windlass_services.storage.overdue_runs import ExpiredExecution, read_expired_executions

_BATCH: Final = 500
_EVERY: Final = timedelta(seconds=2)


def duty(services: ServiceContext) -> Duty | None:
    """Look every two seconds: what a dead machine held is free soon after its deadline."""

    async def once() -> int:
        return await end_expired_executions(services)

    return Duty("expired-executions", _EVERY, once, busy_at=_BATCH)


async def end_expired_executions(services: ServiceContext) -> int:
    """Do one pass; returns how many executions were over their deadline.

    One that never started is dispatched again under a new execution, after those that wait for
    the slot that it held; one that had started crashes; one that was being cancelled is cancelled.
    An execution that moved on meanwhile is left alone. After a time in which no API answered, or
    none reached the database, every lease is good for one more term: a long one, where it is
    heartbeats of a stock runner that keep it, since these come seldom.
    """
    now = services.clock()
    lease = timedelta(seconds=services.settings.server.lease_seconds)
    heard_within = timedelta(seconds=services.settings.server.heartbeat_lease_seconds)
    async with services.database.read() as connection:
        since = await answering_since(connection, now=now, lease=lease)
        expired = await read_expired_executions(
            connection,
            now=now,
            limit=_BATCH,
            could_renew=since is not None and since <= now - lease,
            could_be_heard=since is not None and since <= now - heard_within,
        )
    slot_wait = services.settings.server.deployments.concurrency_slot_wait_seconds
    # Once for those who wait to ask again, and once more because they are told when to ask.
    behind = now + 2 * timedelta(seconds=slot_wait)
    for execution in expired:
        verdict = verdict_on(execution, now=now, behind=behind)
        await propose(services, execution, verdict, failure=InfrastructureFailure.LOST)
    return len(expired)


def verdict_on(execution: ExpiredExecution, *, now: datetime, behind: datetime) -> State:
    """The state that an expired execution leaves its run in.

    What was slow to start must not take the slot that it just gave back from those who wait for
    one: they have asked again by the moment `behind`.
    """
    if execution.state_type is StateType.CANCELLING:
        message = "The run was being cancelled when its process was lost."
        return Cancelled(now=now, message=message)
    if not execution.was_presented:
        return _verdict_on_late_start(execution, now, behind)
    return Crashed(
        now=now,
        message=f"The lease of execution {execution.execution_id} expired{_on(execution)}: its"
        " process or machine was lost, or could not reach the API.",
    )


def _verdict_on_late_start(execution: ExpiredExecution, now: datetime, behind: datetime) -> State:
    message = f"Execution {execution.execution_id} did not start in time{_on(execution)}"
    if not execution.has_work_pool:
        return Crashed(now=now, message=f"{message}.")
    if execution.others_wait:
        waits = f"{message}; the run waits for a slot."
        return AwaitingConcurrencySlot(behind, now=now, message=waits)
    return Scheduled(now=now, message=f"{message}; the run is dispatched again.")


def _on(execution: ExpiredExecution) -> str:
    return f" on worker {execution.worker_name!r}" if execution.worker_name else ""
