"""Public: runs flows, as they are called."""

from collections.abc import AsyncGenerator, Generator, Sequence
from functools import partial
from typing import Any, TypeAlias

from windlass.context import current_scope
from windlass.definitions import FlowDefinition
from windlass.engine.creation import FlowCall, serialized
from windlass.engine.drivers import drive_async_generator, drive_generator
from windlass.engine.flow_run import flow_run
from windlass.engine.process import current_session
from windlass.engine.running import ReturnType, given, open_task_runner, run_async, run_sync
from windlass.engine.timeouts import FlowRunTimeoutError
from windlass.utilities.binding import Parameters

__all__ = [
    "FlowRunTimeoutError",
    "run_flow",
    "run_flow_async",
    "run_flow_sync",
    "run_generator_flow_async",
    "run_generator_flow_sync",
    "serialized",
]

WaitFor: TypeAlias = "Sequence[Any] | None"


def run_flow(
    flow: FlowDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run `flow` here, as a child of the flow run that is active, if there is one.

    What it returns depends on the function of the flow: what that returns, or the final state of
    the run; a coroutine that returns this; or a generator.
    """
    if flow.isgenerator:
        run = run_generator_flow_async if flow.isasync else run_generator_flow_sync
        return run(flow, parameters, wait_for)
    if flow.isasync:
        return run_flow_async(flow, parameters, wait_for, return_type)
    return run_flow_sync(flow, parameters, wait_for, return_type)


def run_flow_sync(
    flow: FlowDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run a flow with a plain function."""
    session = current_session()
    call = _call(flow, parameters, wait_for)
    return given(run_sync(call, session), call, session, return_type)


async def run_flow_async(
    flow: FlowDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run a flow with a coroutine function."""
    session = current_session()
    call = _call(flow, parameters, wait_for)
    return given(await run_async(call, session), call, session, return_type)


def run_generator_flow_sync(
    flow: FlowDefinition, parameters: Parameters, wait_for: WaitFor = None
) -> Generator[Any, Any, Any]:
    """Run a flow with a generator function; begins with the first value that is asked for."""
    session = current_session()
    call = _call(flow, parameters, wait_for)
    outcome = yield from drive_generator(flow_run(call, session), session)
    return given(outcome, call, session)


def run_generator_flow_async(
    flow: FlowDefinition, parameters: Parameters, wait_for: WaitFor = None
) -> AsyncGenerator[Any, Any]:
    """Run a flow with an async generator function; begins with the first value asked for."""
    session = current_session()
    call = _call(flow, parameters, wait_for)
    conclude = partial(given, call=call, session=session)
    return drive_async_generator(flow_run(call, session), session, conclude)


def _call(flow: FlowDefinition, parameters: Parameters, wait_for: WaitFor) -> FlowCall:
    return FlowCall(
        flow=flow,
        parameters=parameters,
        wait_for=wait_for or (),
        scope=current_scope(),
        open_task_runner=open_task_runner,
    )
