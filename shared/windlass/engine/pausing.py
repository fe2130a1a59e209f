"""How a flow run pauses in its process, or leaves it, until somebody resumes it."""

from dataclasses import dataclass
from time import monotonic
from typing import Final

from pydantic_core import from_json, to_json

from windlass.context import FlowRunContext
from windlass.engine.effects import Description, Sleep
from windlass.engine.proposals import propose
from windlass.engine.questions import Ask
from windlass.engine.session import Session
from windlass.exceptions import (
    Abort,
    CancelledRun,
    FlowPauseTimeout,
    ObjectAlreadyExists,
    ObjectNotFound,
    Pause,
    PauseRefused,
)
from windlass.logging.loggers import WindlassLogAdapter, flow_run_logger
from windlass.schemas.base import JsonObject
from windlass.schemas.flow_run_inputs import FlowRunInputCreate, keyset_from_base_key
from windlass.schemas.states import State
from windlass.states import Paused, Suspended

_NEVER_RESUMED: Final = "The flow run was paused and not resumed in time."


@dataclass(frozen=True, slots=True)
class Form:
    """What a pause asks for: values that fit a schema, and text in Markdown that says why."""

    schema: JsonObject
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """A pause: for how many seconds at most (None: for ever), and where the run is meanwhile.

    The pause of a `key` is made once in a run, however often its code is run again; unless one is
    given, the pauses of the code are numbered. A run that is `suspended` leaves its process, others
    look every `poll_interval` seconds whether they may go on.
    """

    timeout: float | None
    key: str | None = None
    suspended: bool = False
    poll_interval: float = 10.0


def pause(
    flow: FlowRunContext, asked: Pausing, form: Form | None, session: Session
) -> Description[JsonObject]:
    """Pause a flow run, from inside of it; the answer is what was given at the end of the pause.

    A suspended run comes here again, in another process, once it is resumed. Raises Pause where it
    has to leave this one, PauseRefused, FlowPauseTimeout, and CancelledRun.
    """
    log = flow_run_logger(flow.flow_run, flow.flow)
    number = next(flow.pauses)
    key = asked.key or str(number)
    make = Suspended if asked.suspended else Paused
    state = make(asked.timeout, pause_key=key, now=session.now())
    if form is None:
        yield from _pause_until_resumed(flow, state, asked, session, log)
        return {}
    keyset = keyset_from_base_key(f"{state.name.lower()}-{key}")
    # Before the state: whoever sees that the run is paused finds there what it waits for.
    yield from _keep(flow, keyset["schema"], form.schema)
    if form.description is not None:
        yield from _keep(flow, keyset["description"], form.description)
    details = state.state_details.model_copy(update={"run_input_keyset": keyset})
    waiting = state.model_copy(update={"state_details": details})
    yield from _pause_until_resumed(flow, waiting, asked, session, log)
    return (yield from _given(flow, keyset["response"]))


def _pause_until_resumed(
    flow: FlowRunContext, state: State, asked: Pausing, session: Session, log: WindlassLogAdapter
) -> Description[None]:
    deadline = None if asked.timeout is None else monotonic() + asked.timeout
    try:
        entered = yield from propose(state, flow.flow_run.id, flow.execution_id, session, log)
    except Abort as refusal:
        raise PauseRefused(str(refusal)) from refusal
    if entered.is_paused():
        log.info("The flow run is %s: it goes on when it is resumed.", entered.name)
    while _is_to_wait(entered):
        left = asked.poll_interval if deadline is None else deadline - monotonic()
        if left <= 0:
            raise FlowPauseTimeout(_NEVER_RESUMED)
        yield from Sleep(min(asked.poll_interval, left))
        run = yield from Ask(lambda server: server.read_flow_run(flow.flow_run.id))
        entered = run.state or entered


def _is_to_wait(state: State) -> bool:
    """Whether the pause goes on. Raises what says that it cannot end well, or not here."""
    if state.is_paused() and state.state_details.pause_reschedule:
        raise Pause("The flow run is suspended: it goes on when it is resumed.")
    if state.is_failed():
        raise FlowPauseTimeout(state.message or _NEVER_RESUMED)
    if state.is_final() or state.is_cancelling():
        raise CancelledRun(f"The flow run became {state.name} while it was paused.")
    return state.is_paused()


def _keep(flow: FlowRunContext, key: str, value: object) -> Description[None]:
    kept = FlowRunInputCreate(key=key, value=to_json(value).decode())
    try:
        yield from Ask(lambda server: server.create_flow_run_input(flow.flow_run.id, kept))
    except ObjectAlreadyExists:
        # The code came by here before, in another process or in another attempt.
        return


def _given(flow: FlowRunContext, key: str) -> Description[JsonObject]:
    try:
        text = yield from Ask(lambda server: server.read_flow_run_input(flow.flow_run.id, key))
    except ObjectNotFound:
        return {}
    return from_json(text)
