"""Ending what executions that are over left behind, whoever started it."""

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

import anyio

from windlass.schemas.teardowns import Teardown, TeardownOutcome, TeardownsToTake, TornDown
from windlass_workers.agent.backoff import told
from windlass_workers.agent.context import AgentContext
from windlass_workers.contract import Unreachable, Vanished

_log: Final = logging.getLogger("windlass.workers")
_AT_ONCE: Final = 20
_GRACE: Final = timedelta(seconds=5)
"""Who is torn down had its time to end in order."""
_LONGEST: Final = 90.0
"""Seconds after which an attempt has failed: before the server gives it to somebody else."""


async def tear_down_when_told(agent: AgentContext) -> None:
    """Take teardowns whenever the server says that there are some, until cancelled.

    One that takes long holds back nothing of what comes later.
    """
    async with anyio.create_task_group() as taken:
        while True:
            await agent.teardowns_wait.wait()
            agent.teardowns_wait = anyio.Event()
            taken.start_soon(tear_down, agent)


async def tear_down(agent: AgentContext) -> None:
    """Take teardowns of the pool that wait, and do them. Raises nothing.

    What fails is left to the server: it will be taken again, here or elsewhere.
    """
    asked = TeardownsToTake(worker_name=agent.name, place=agent.worker.place, limit=_AT_ONCE)
    try:
        taken = await agent.client.take_teardowns(agent.options.pool, asked)
        async with anyio.create_task_group() as tasks:
            for teardown in taken:
                tasks.start_soon(_do, agent, teardown)
    except Exception as error:
        _log.warning("Could not take teardowns: %s", told(error))


async def _do(agent: AgentContext, teardown: Teardown) -> None:
    outcome, reason = await _attempt(agent, teardown)
    if outcome is TeardownOutcome.GONE:
        _log.info("Nothing is left of the execution %s", teardown.execution_id)
    else:
        _log.warning("The execution %s was not torn down: %s", teardown.execution_id, reason)
    said = TornDown(
        execution_id=teardown.execution_id, worker_name=agent.name, outcome=outcome, reason=reason
    )
    try:
        await agent.client.report_torn_down(said)
    except Exception as error:
        _log.warning("Could not report a teardown: %s", told(error))


async def _attempt(agent: AgentContext, teardown: Teardown) -> tuple[TeardownOutcome, str | None]:
    handle = teardown.handle
    if handle.kind != agent.worker.kind or handle.version > agent.worker.handle_version:
        reason = f"It knows no handles of kind {handle.kind!r} in version {handle.version}."
        return TeardownOutcome.UNREACHABLE, reason
    try:
        with anyio.fail_after(_LONGEST):
            await _end(agent, teardown)
    except Unreachable as error:
        return TeardownOutcome.UNREACHABLE, str(error)
    except TimeoutError:
        return TeardownOutcome.FAILED, f"It was still there after {_LONGEST:g} seconds."
    except Exception as error:
        return TeardownOutcome.FAILED, told(error)
    return TeardownOutcome.GONE, None


async def _end(agent: AgentContext, teardown: Teardown) -> None:
    run = agent.slots.live.get(teardown.execution_id)
    if run is not None:
        # Who sees it through waits for its end already, and cleans up after it.
        run.stop_reason = run.stop_reason or "The execution was over: another one may own the run."
        await agent.worker.stop(teardown.handle, _GRACE)
        return
    await agent.worker.stop(teardown.handle, _GRACE)
    with suppress(Vanished):
        await agent.worker.wait(teardown.handle)
