"""Public: runs tasks, as they are called or as a task runner wants them."""

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, Literal, TypeAlias

from windlass.context import current_scope
from windlass.definitions import TaskDefinition
from windlass.engine.drivers import (
    drive,
    drive_async,
    drive_async_generator,
    drive_generator,
)
from windlass.engine.effects import Description
from windlass.engine.process import current_session
from windlass.engine.session import Session
from windlass.engine.task_run import TaskOutcome, begin_task_run, task_run
from windlass.engine.timeouts import TaskRunTimeoutError
from windlass.utilities.binding import Parameters

__all__ = [
    "TaskRunTimeoutError",
    "given",
    "run_generator_task_async",
    "run_generator_task_sync",
    "run_task",
    "run_task_async",
    "run_task_sync",
]

ReturnType: TypeAlias = Literal["result", "state"]
WaitFor: TypeAlias = "Sequence[Any] | None"


def run_task(
    task: TaskDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run `task` here, in the run that is active, if there is one.

    What it returns depends on the function of the task: what that returns, or the final state of
    the run; a coroutine that returns this; or a generator.
    """
    if task.isgenerator:
        run = run_generator_task_async if task.isasync else run_generator_task_sync
        return run(task, parameters, wait_for)
    if task.isasync:
        return run_task_async(task, parameters, wait_for, return_type)
    return run_task_sync(task, parameters, wait_for, return_type)


def run_task_sync(
    task: TaskDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run a task with a plain function."""
    session = current_session()
    outcome = drive(_run(task, parameters, wait_for, session), session)
    return given(outcome, return_type)


async def run_task_async(
    task: TaskDefinition,
    parameters: Parameters,
    wait_for: WaitFor = None,
    return_type: ReturnType = "result",
) -> Any:
    """Run a task with a coroutine function."""
    session = current_session()
    outcome = await drive_async(_run(task, parameters, wait_for, session), session)
    return given(outcome, return_type)


def run_generator_task_sync(
    task: TaskDefinition, parameters: Parameters, wait_for: WaitFor = None
) -> Generator[Any, Any, Any]:
    """Run a task with a generator function; begins with the first value that is asked for."""
    session = current_session()
    outcome = yield from drive_generator(_run(task, parameters, wait_for, session), session)
    return given(outcome)


def run_generator_task_async(
    task: TaskDefinition, parameters: Parameters, wait_for: WaitFor = None
) -> AsyncGenerator[Any, Any]:
    """Run a task with an async generator function; begins with the first value asked for."""
    session = current_session()
    description = _run(task, parameters, wait_for, session)
    return drive_async_generator(description, session, given)


def given(outcome: TaskOutcome, return_type: ReturnType = "result") -> Any:
    """What the caller of a task gets. Raises the exception that the outcome says."""
    if return_type == "state":
        return outcome.record.state()
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def _run(
    task: TaskDefinition, parameters: Parameters, wait_for: WaitFor, session: Session
) -> Description[TaskOutcome]:
    call = yield from begin_task_run(task, parameters, wait_for or (), current_scope(), session)
    return (yield from task_run(call, session))
