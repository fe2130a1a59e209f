"""Runs a flow here: chooses the driver, and lets signals reach the run."""

import threading
from collections.abc import Generator
from typing import Any, Literal, TypeAlias

from windlass.context import TaskDefaults
from windlass.definitions import FlowDefinition
from windlass.engine.creation import FlowCall, ManagedTaskRunner
from windlass.engine.drivers import drive, drive_async, drive_async_generator, drive_generator
from windlass.engine.flow_run import flow_run
from windlass.engine.interrupts import StopReason, die_of_sigterm
from windlass.engine.outcomes import Outcome
from windlass.engine.session import Session
from windlass.engine.task_runners import TaskRunner, ThreadPoolTaskRunner
from windlass.utilities.asyncutils import run_coro_as_sync

ReturnType: TypeAlias = Literal["result", "state"]


def run_call(call: FlowCall, session: Session) -> Outcome:
    """Run what `call` says, whatever the function of its flow is, and consume what it yields."""
    flow = call.flow
    if flow.isasync:
        run = _consume_async if flow.isgenerator else run_async
        return run_coro_as_sync(run(call, session))
    if flow.isgenerator:
        with call.stop.on_sigterm():
            return _consumed(drive_generator(flow_run(call, session), session))
    return run_sync(call, session)


def run_sync(call: FlowCall, session: Session) -> Outcome:
    """Run the call of a flow with a plain function."""
    if call.scope.flow is not None:
        return drive(flow_run(call, session), session)
    with call.stop.on_sigterm():
        return drive(flow_run(call, session), session)


async def run_async(call: FlowCall, session: Session) -> Outcome:
    """Run the call of a flow with a coroutine function."""
    import asyncio  # noqa: PLC0415 (25 ms, which synchronous flows do not pay)

    task = asyncio.current_task()
    is_in_main_thread = threading.current_thread() is threading.main_thread()
    if call.scope.flow is not None or task is None or not is_in_main_thread:
        return await drive_async(flow_run(call, session), session)
    loop, cancel = asyncio.get_running_loop(), task.cancel
    # An exception raised wherever the loop is would break the loop, not end the flow.
    call.stop.cancel_with(lambda: loop.call_soon_threadsafe(cancel))
    with call.stop.on_sigterm():
        return await drive_async(flow_run(call, session), session)


def given(
    outcome: Outcome, call: FlowCall, session: Session, return_type: ReturnType = "result"
) -> Any:
    """What the caller of a flow gets. Raises the exception that the outcome says.

    After SIGTERM the process ends here, when everything is said, as it would have without us.
    """
    error = outcome.error
    if call.stop.reason is StopReason.TERMINATED:
        session.outbox.close(session.drain_seconds)
        die_of_sigterm()
    if error is not None and (return_type == "result" or not isinstance(error, Exception)):
        raise error
    return outcome.state if return_type == "state" else outcome.value


def open_task_runner(flow: FlowDefinition, defaults: TaskDefaults) -> ManagedTaskRunner:
    """A task runner for one run of `flow`."""
    match flow.task_runner:
        case None:
            return ThreadPoolTaskRunner(defaults.max_workers)
        case TaskRunner() as configured:
            return configured.duplicate()
        case type() as kind if issubclass(kind, TaskRunner):
            return kind()
        case other:
            raise TypeError(f"{other!r} is no task runner: give one, or its class.")


def _consumed(generator: Generator[Any, Any, Outcome]) -> Outcome:
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


async def _consume_async(call: FlowCall, session: Session) -> Outcome:
    outcomes: list[Outcome] = []
    async for _ in drive_async_generator(flow_run(call, session), session, outcomes.append):
        pass
    return outcomes[0]
