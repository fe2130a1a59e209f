"""One run from its claim to the report of its end. What goes wrong with one concerns no other."""

import logging
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Final

import anyio

from windlass.clock import utc_now
from windlass.exceptions import ObjectNotFound, RequestInvalid, Superseded, WindlassError
from windlass.references.lookup import look_up
from windlass.schemas.executions import ClaimedRun, ExecutionEnded, ExecutionStarted, Handle
from windlass.schemas.logs import LogCreate
from windlass_workers.agent.backoff import until_it_works
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.jobs import prepare_job, references_of
from windlass_workers.agent.records import Record
from windlass_workers.agent.slots import LiveRun
from windlass_workers.agent.spools import adopt_of
from windlass_workers.contract import Exit, JobVariables, RunSpec, StartFailed, Vanished

_log: Final = logging.getLogger("windlass.workers")
_NOT_HEARD: Final = (ObjectNotFound, RequestInvalid, Superseded)
"""The server answered, and will never answer otherwise: the run was deleted, for instance."""


async def carry_out(agent: AgentContext, run: LiveRun) -> None:
    """Start a run, or take over one that has a handle, and see it through. Raises nothing."""
    try:
        ended = await _see_through(agent, run)
        # Before its end: with that, the server ends every task run that it knows no end of.
        await adopt_of(agent, run.claimed.execution_id)
        await _report_ended(agent, ended)
        agent.records.forget(run.claimed.execution_id)
    except Exception:
        _log.exception("The run %s could not be seen through", run.claimed.execution_id)
    finally:
        agent.slots.release(run)


async def _see_through(agent: AgentContext, run: LiveRun) -> ExecutionEnded:
    if run.handle is None:
        try:
            run.handle = await _start(agent, run)
        except Exception as error:
            await _log_failure(agent, run, error)
            return _ended(run, Exit(None, str(error)))
    exit = Exit(None)
    async with anyio.create_task_group() as beside:
        beside.start_soon(_report_started, agent, run, run.handle)
        exit = await _wait(agent, run.handle)
        beside.cancel_scope.cancel()
    _log.info("The run %r ended with %s", run.claimed.flow_run.name, _told(exit))
    return _ended(run, exit)


async def _start(agent: AgentContext, run: LiveRun) -> Handle:
    template = agent.pool.base_job_template
    found = await look_up(agent.client, *references_of(run.claimed, template))
    spec, variables = prepare_job(
        run.claimed, template, agent.worker.variables(), agent.environment, found
    )
    handle = await _started(agent, _time_to_start(run.claimed), spec, variables)
    _log.info("Started the run %r", run.claimed.flow_run.name)
    try:
        agent.records.keep(Record(claimed=run.claimed, handle=handle))
    except OSError as error:
        # It runs all the same. Only a worker that comes after this one will not find it.
        _log.warning("The run %r could not be recorded: %s", run.claimed.flow_run.name, error)
    return handle


def _time_to_start(claimed: ClaimedRun) -> timedelta:
    """From the claim to the deadline, both by the clock of the server: the one here may be off."""
    state = claimed.flow_run.state
    return claimed.start_deadline - (utc_now() if state is None else state.timestamp)


async def _started(
    agent: AgentContext, patience: timedelta, spec: RunSpec, variables: JobVariables
) -> Handle:
    """Start a run, again where that may help and the server still waits for it."""
    deadline = monotonic() + patience.total_seconds()
    while True:
        try:
            return await agent.worker.start(spec, variables)
        except StartFailed as error:
            wait = None if error.retry_in is None else error.retry_in.total_seconds()
            if wait is None or monotonic() + wait > deadline:
                raise
            _log.warning("The run %r will be started again: %s", spec.name, error)
        await anyio.sleep(wait)


async def _log_failure(agent: AgentContext, run: LiveRun, error: Exception) -> None:
    """Say in both logs, that of the worker and that of the run, why it could not be started."""
    unforeseen = not isinstance(error, WindlassError)
    message = f"The run {run.claimed.flow_run.name!r} could not be started: {error}"
    _log.error(message, exc_info=unforeseen)
    record = LogCreate(
        name=_log.name,
        level=logging.ERROR,
        message=message,
        timestamp=utc_now(),
        flow_run_id=run.claimed.flow_run.id,
    )
    with suppress(WindlassError):
        await agent.client.create_logs([record])


async def _wait(agent: AgentContext, handle: Handle) -> Exit:
    try:
        return await agent.worker.wait(handle)
    except Vanished as error:
        return Exit(None, str(error), vanished=True)


def _ended(run: LiveRun, exit: Exit) -> ExecutionEnded:
    return ExecutionEnded(
        execution_id=run.claimed.execution_id,
        exit_code=exit.code,
        reason=run.stop_reason or exit.reason,
        crashed=exit.code != 0,
        vanished=exit.vanished,
    )


async def _report_started(agent: AgentContext, run: LiveRun, handle: Handle) -> None:
    report = ExecutionStarted(execution_id=run.claimed.execution_id, handle=handle)
    try:
        await until_it_works(
            lambda: agent.client.report_started(report),
            what="report the start of a run",
            give_up=_NOT_HEARD,
        )
    except _NOT_HEARD as error:
        _log.warning("The server does not want to know about a run that was started: %s", error)


async def _report_ended(agent: AgentContext, ended: ExecutionEnded) -> None:
    try:
        await until_it_works(
            lambda: agent.client.report_ended(ended),
            what="report the end of a run",
            give_up=_NOT_HEARD,
        )
    except _NOT_HEARD as error:
        _log.warning("The server does not want to know about a run that ended: %s", error)


def _told(exit: Exit) -> str:
    return "status 0" if exit.code == 0 else exit.reason or f"status {exit.code}"
