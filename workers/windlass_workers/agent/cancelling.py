"""Stopping runs that are to be cancelled, and whose own process does not see to it."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from windlass.schemas.filters.flow_runs import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.states import StateType
from windlass_workers.agent.backoff import told
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.slots import LiveRun

LOOP: Final = "cancelling"
_log: Final = logging.getLogger("windlass.workers")


async def stop_cancelled_forever(agent: AgentContext) -> None:
    """Look for runs to stop until cancelled. A look that fails is made up for by the next."""
    async with anyio.create_task_group() as stops:
        while True:
            try:
                await stop_cancelled(agent, stops)
            except Exception as error:
                _log.warning("Could not look for cancelled runs: %s", told(error))
            await anyio.sleep(agent.poll_every.total_seconds())


async def stop_cancelled(agent: AgentContext, stops: TaskGroup) -> int:
    """Begin to stop each run of ours that is being cancelled; returns how many they are."""
    running = {
        run.claimed.flow_run.id: run
        for run in agent.slots.live.values()
        if run.handle is not None and run.stop_reason is None
    }
    found = await agent.client.read_flow_runs(_cancelling(running)) if running else []
    for flow_run in found:
        run = running[flow_run.id]
        run.stop_reason = "The run was cancelled."
        stops.start_soon(stop_run, agent, run, agent.options.stop_grace)
    agent.pulse.beat(LOOP)
    return len(found)


async def stop_run(agent: AgentContext, run: LiveRun, grace: timedelta) -> None:
    """Stop the infrastructure of one run. Raises nothing: who waits for the run sees its end."""
    if run.handle is None:
        return
    _log.info("Stopping the run %r", run.claimed.flow_run.name)
    try:
        await agent.worker.stop(run.handle, grace)
    except Exception:
        _log.exception("The run %r could not be stopped", run.claimed.flow_run.name)
        run.stop_reason = None


def _cancelling(ids: Iterable[UUID]) -> FlowRunQuery:
    return FlowRunQuery(
        flow_runs=FlowRunFilter(
            id=FlowRunFilterId(any_=list(ids)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
        ),
    )
