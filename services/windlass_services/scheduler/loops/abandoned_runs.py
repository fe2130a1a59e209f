"""End what a process that is gone had under way: its task runs, and the flow runs it called."""

from datetime import datetime, timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Cancelled, Crashed
from windlass.schemas.states import State
from windlass_services.events.ended_task_runs import enter_for_client
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.abandoned_runs import (
    AbandonedRun,
    read_abandoned_flow_runs,
    read_abandoned_task_runs,
)
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope

_BATCH: Final = 200
_EVERY: Final = timedelta(seconds=3)
_LAST_WORDS: Final = timedelta(seconds=5)
"""What a process said before it was ended takes some time to arrive."""
_LOST: Final = "The process of the flow run that it belongs to is gone."
_CANCELLED: Final = "The flow run that it belongs to was cancelled."


def duty(services: ServiceContext) -> Duty | None:
    """Soon after the run itself: what reads as running does run."""

    async def once() -> int:
        return await end_abandoned_runs(services)

    return Duty("abandoned-runs", _EVERY, once, busy_at=_BATCH)


async def end_abandoned_runs(services: ServiceContext) -> int:
    """Do one pass; returns how many runs were abandoned. Those that moved on meanwhile stay.

    They crash, or are cancelled where that is how their flow run ended.
    """
    now = services.clock()
    scope = Scope(actor="service:scheduler")
    async with services.database.read() as connection:
        flow_runs = await read_abandoned_flow_runs(connection, scope, limit=_BATCH)
        task_runs = await read_abandoned_task_runs(
            connection, scope, silent_since=now - _LAST_WORDS, limit=_BATCH
        )
    for run in flow_runs:
        await services.orchestrator.propose(
            scope, FlowRunTransition(run.id, _end_of(run, now), expected_state_id=run.state.id)
        )
    for run in task_runs:
        await enter_for_client(services, scope, run.id, run.state, _end_of(run, now))
    return max(len(flow_runs), len(task_runs))


def _end_of(run: AbandonedRun, now: datetime) -> State:
    if run.is_cancelled:
        return Cancelled(id=uuid7(), now=now, message=_CANCELLED)
    return Crashed(id=uuid7(), now=now, message=_LOST)
