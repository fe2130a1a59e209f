"""Public: pause, suspend and resume flow runs, and wait for them."""

from time import monotonic
from typing import Any, Final, TypeVar, overload
from uuid import UUID

from windlass.context import FlowRunContext, current_scope
from windlass.engine.effects import Description, Sleep
from windlass.engine.here import carry_out
from windlass.engine.pausing import Pausing, pause
from windlass.engine.proposals import propose
from windlass.engine.questions import Ask
from windlass.engine.session import Session
from windlass.exceptions import (
    Abort,
    FlowPauseTimeout,
    FlowRunWaitTimeout,
    MissingContextError,
    NotPausedError,
    PauseRefused,
    RequestInvalid,
)
from windlass.logging.loggers import get_logger
from windlass.schemas.base import JsonObject
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.orchestration import SetStateStatus
from windlass.states import Suspended

__all__ = ["pause_flow_run", "resume_flow_run", "suspend_flow_run", "wait_for_flow_run"]

T = TypeVar("T")

_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


@overload
def pause_flow_run(
    wait_for_input: None = None,
    timeout: float | None = ...,
    poll_interval: float = ...,
    key: str | None = ...,
) -> None: ...
@overload
def pause_flow_run(
    wait_for_input: type[T],
    timeout: float | None = ...,
    poll_interval: float = ...,
    key: str | None = ...,
) -> T: ...
def pause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    key: str | None = None,
) -> Any:
    """Wait, in this process, until somebody resumes the flow run that this code is a part of.

    With `wait_for_input`, a type, the run is resumed with a value of it, which is returned. The
    run fails unless it is resumed within `timeout` seconds; it looks every `poll_interval` seconds.
    Pauses of one `key` are made once; without one they are numbered.

    To be awaited in asynchronous code. Raises FlowPauseTimeout, PauseRefused, MissingContextError
    outside of flow runs, and pydantic.ValidationError for a value that is not what the type wants.
    """
    asked = Pausing(timeout=timeout, key=key, poll_interval=poll_interval)
    return carry_out(lambda session: _paused(asked, wait_for_input, session))


@overload
def suspend_flow_run(
    wait_for_input: None = None,
    flow_run_id: UUID | None = ...,
    timeout: float | None = ...,
    key: str | None = ...,
) -> None: ...
@overload
def suspend_flow_run(
    wait_for_input: type[T],
    flow_run_id: UUID | None = ...,
    timeout: float | None = ...,
    key: str | None = ...,
) -> T: ...
def suspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: UUID | None = None,
    timeout: float | None = 3600,
    key: str | None = None,
) -> Any:
    """Leave this process until somebody resumes the flow run; then its code is run again.

    Only the run of a deployment can come back. The code runs from its beginning, past what was
    suspended before; tasks whose results are persisted are not run again. Of another run, the
    `flow_run_id` is given: it goes on until it would start its next task. Everything else is as
    with `pause_flow_run`.
    """
    flow = current_scope().flow
    if flow_run_id is not None and (flow is None or flow.flow_run.id != flow_run_id):
        if wait_for_input is not None:
            raise PauseRefused("Only a flow run itself can say what it waits for.")
        other = flow_run_id
        return carry_out(lambda session: _suspended(other, timeout, key, session))
    asked = Pausing(timeout=timeout, key=key, suspended=True)
    return carry_out(lambda session: _paused(asked, wait_for_input, session))


def resume_flow_run(flow_run_id: UUID, run_input: JsonObject | None = None) -> None:
    """Let a paused or suspended run go on, with the input that it waits for.

    To be awaited in asynchronous code. Raises NotPausedError, FlowPauseTimeout if it is too late,
    RequestInvalid for an input that does not fit, ObjectNotFound.
    """
    return carry_out(lambda _: _resumed(flow_run_id, run_input))


def wait_for_flow_run(
    flow_run_id: UUID,
    timeout: float | None = 10_800,
    poll_interval: float | None = None,
    log_states: bool = False,
) -> FlowRun:
    """The flow run, as soon as it ended.

    It looks every `poll_interval` seconds, by default often at first, and then every 5. To be
    awaited in asynchronous code. Raises FlowRunWaitTimeout after `timeout` seconds.
    """
    return carry_out(lambda _: _ended(flow_run_id, timeout, poll_interval, log_states))


def _paused(asked: Pausing, wait_for_input: Any, session: Session) -> Description[Any]:
    flow = _current_flow()
    if asked.suspended and flow.parent is not None:
        raise PauseRefused("A flow run that another one called cannot leave its process.")
    if wait_for_input is None:
        yield from pause(flow, asked, None, session)
        return None
    # 30 ms of models, for those who ask for input.
    from windlass.input.run_input import (  # noqa: PLC0415
        answer_from,
        form_of,
        run_input_subclass_from_type,
    )

    wanted = run_input_subclass_from_type(wait_for_input)
    return answer_from(wanted, (yield from pause(flow, asked, form_of(wanted), session)))


def _current_flow() -> FlowRunContext:
    flow = current_scope().flow
    if flow is None:
        raise MissingContextError("A flow run can be paused only from inside of it.")
    return flow


def _suspended(
    flow_run_id: UUID, timeout: float | None, key: str | None, session: Session
) -> Description[None]:
    state = Suspended(timeout, pause_key=key, now=session.now())
    try:
        entered = yield from propose(state, flow_run_id, None, session, get_logger("engine"))
    except Abort as refusal:
        raise PauseRefused(str(refusal)) from refusal
    if not entered.is_paused():
        raise PauseRefused(f"The flow run is {entered.name}: it cannot be suspended.")


def _resumed(flow_run_id: UUID, run_input: JsonObject | None) -> Description[None]:
    result = yield from Ask(lambda server: server.resume_flow_run(flow_run_id, run_input))
    reason = getattr(result.details, "reason", None)
    if result.status is SetStateStatus.ACCEPT:
        return
    if result.state is not None and result.state.is_paused():
        raise RequestInvalid(reason)
    if result.state is not None and result.state.is_failed():
        raise FlowPauseTimeout(reason)
    raise NotPausedError(reason)


def _ended(
    flow_run_id: UUID, timeout: float | None, poll_interval: float | None, log_states: bool
) -> Description[FlowRun]:
    begin, told = monotonic(), None
    while True:
        run = yield from Ask(lambda server: server.read_flow_run(flow_run_id))
        if log_states and run.state_id != told:
            told = run.state_id
            get_logger("engine").info("Flow run %r is %s", run.name, run.state_name)
        if run.state is not None and run.state.is_final():
            return run
        waited = monotonic() - begin
        if timeout is not None and waited >= timeout:
            raise FlowRunWaitTimeout(
                f"Flow run {run.name!r} did not end in {timeout:g} seconds: it is {run.state_name}."
            )
        interval = poll_interval or min(_SHORTEST_PAUSE + waited / 10, _LONGEST_PAUSE)
        yield from Sleep(interval if timeout is None else min(interval, timeout - waited))
