"""One description, two drivers: the same effects in the same order."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeAlias

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass.context import current_scope
from windlass.definitions import FlowDefinition, TaskDefinition
from windlass.engine.creation import FlowCall
from windlass.engine.drivers import drive, drive_async
from windlass.engine.effects import Description, Effect, Enter
from windlass.engine.flow_run import flow_run
from windlass.engine.outcomes import Outcome
from windlass.engine.questions import Propose
from windlass.engine.running import open_task_runner
from windlass.engine.session import Session
from windlass.engine.task_run import begin_task_run, task_run
from windlass.schemas.states import State
from windlass.states import Failed

Trace: TypeAlias = list[tuple[str, ...]]


def traced(description: Description[Any], trace: Trace) -> Generator[Effect[Any], Any, Any]:
    """The same description; what it yields is noted."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            effect = description.send(answer) if error is None else description.throw(error)
        except StopIteration as end:
            return end.value
        trace.append(_words(effect))
        answer = error = None
        try:
            answer = yield effect
        except BaseException as thrown:
            error = thrown


def _words(effect: Effect[Any]) -> tuple[str, ...]:
    match effect:
        case Enter():
            return ("Enter", effect.name, effect.message or "")
        case Propose(proposal):
            return ("Propose", proposal.state.name, proposal.state.message or "")
        case _:
            return (type(effect).__name__,)


def completes() -> int:
    return 1


def fails() -> int:
    raise ValueError("no")


def returns_a_state() -> State:
    return Failed(message="as I say")


def takes_too_long() -> None:
    raise TimeoutError


def interrupted() -> None:
    raise KeyboardInterrupt


def hook(*_: object) -> None: ...


def broken_hook(*_: object) -> None:
    raise ValueError


FUNCTIONS = [completes, fails, returns_a_state, takes_too_long, interrupted]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"retries": 2},
    {"on_completion": [hook], "on_failure": [hook]},
    {"on_running": [broken_hook]},
    {"timeout_seconds": 60},
    {"log_prints": True},
]


def awaited(function: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def coroutine_function() -> Any:
        return function()

    coroutine_function.__name__ = function.__name__
    return coroutine_function


def drive_flow(fn: Any, options: dict[str, Any], session: Session) -> Trace:
    trace: Trace = []
    flow = FlowDefinition(fn, **options)
    call = FlowCall(flow=flow, parameters={}, open_task_runner=open_task_runner)
    description = traced(flow_run(call, session), trace)
    outcome: Outcome
    if flow.isasync:
        outcome = asyncio.run(drive_async(description, session))
    else:
        outcome = drive(description, session)
    return [*trace, (outcome.state.name, type(outcome.error).__name__)]


def drive_task(fn: Any, options: dict[str, Any], session: Session) -> Trace:
    trace: Trace = []
    task = TaskDefinition(fn, **options)

    def whole() -> Description[Any]:
        call = yield from begin_task_run(task, {}, (), current_scope(), session)
        return (yield from task_run(call, session))

    description = traced(whole(), trace)
    if task.isasync:
        outcome = asyncio.run(drive_async(description, session))
    else:
        outcome = drive(description, session)
    return [*trace, (type(outcome.error).__name__,)]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "+".join(options) or "plain")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_flow_run_goes_the_same_way_under_both_drivers(
    function: Callable[[], Any], options: dict[str, Any], session: Session
) -> None:
    plain = drive_flow(function, options, session)

    assert plain == drive_flow(awaited(function), options, session)
    assert ("Propose", "Running", "") in plain


@pytest.mark.parametrize(
    "options",
    [*OPTIONS, {"retries": 1, "retry_delay_seconds": 0.001}],
    ids=lambda options: "+".join(options) or "plain",
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_task_run_goes_the_same_way_under_both_drivers(
    function: Callable[[], Any], options: dict[str, Any], session: Session
) -> None:
    plain = drive_task(function, options, session)

    assert plain == drive_task(awaited(function), options, session)
    assert plain[0] == ("Enter", "Pending", "")


def test_the_way_of_a_flow_run_is_this(session: Session, fake: FakeOrchestration) -> None:
    assert drive_flow(completes, {"on_running": [hook]}, session) == [
        ("Await",),
        ("FindFlow",),
        ("CreateFlowRun",),
        ("Propose", "Running", ""),
        ("RunHooks",),
        ("CallUser",),
        ("Await",),
        ("Close",),
        ("Drain",),
        ("Propose", "Completed", ""),
        ("Completed", "NoneType"),
    ]
