"""Crash what a lost process had under way: its task runs, and the flow runs that it called."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Crashed
from windlass_services.events.ended_task_runs import enter_for_client
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.abandoned_runs import (
    read_abandoned_flow_runs,
    read_abandoned_task_runs,
)
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.scope import Scope

_BATCH: Final = 200
_EVERY: Final = timedelta(seconds=3)
_MESSAGE: Final = "The process of the flow run that it belongs to is gone."


def duty(services: ServiceContext) -> Duty | None:
    """Soon after the run itself: what reads as running does run."""

    async def once() -> int:
        return await crash_abandoned_runs(services)

    return Duty("abandoned-runs", _EVERY, once, busy_at=_BATCH)


async def crash_abandoned_runs(services: ServiceContext) -> int:
    """Do one pass; returns how many runs were abandoned. Those that moved on meanwhile stay."""
    now = services.clock()
    scope = Scope(actor="service:scheduler")
    async with services.database.read() as connection:
        flow_runs = await read_abandoned_flow_runs(connection, scope, limit=_BATCH)
        task_runs = await read_abandoned_task_runs(connection, scope, limit=_BATCH)
    for run in flow_runs:
        crashed = Crashed(id=uuid7(), now=now, message=_MESSAGE)
        await services.orchestrator.propose(
            scope, FlowRunTransition(run.id, crashed, expected_state_id=run.state.id)
        )
    for run in task_runs:
        crashed = Crashed(id=uuid7(), now=now, message=_MESSAGE)
        await enter_for_client(services, scope, run.id, run.state, crashed)
    return max(len(flow_runs), len(task_runs))
