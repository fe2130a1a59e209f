"""Public: states, the functions that make them, and what can be asked of them."""

import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, TypeGuard, cast

from windlass.exceptions import ExternalSignal
from windlass.schemas.state_constructors import (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cached,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Resuming,
    Retrying,
    RolledBack,
    Running,
    Scheduled,
    Suspended,
    TimedOut,
)
from windlass.schemas.states import (
    LocalResult,
    State,
    StateCreate,
    StateDetails,
    StateType,
    default_name,
    state_exception,
)

__all__ = [
    "AwaitingConcurrencySlot",
    "AwaitingRetry",
    "Cached",
    "Cancelled",
    "Cancelling",
    "Completed",
    "Crashed",
    "Failed",
    "Late",
    "Paused",
    "Pending",
    "Resuming",
    "Retrying",
    "RolledBack",
    "Running",
    "Scheduled",
    "State",
    "StateDetails",
    "StateGroup",
    "StateType",
    "Suspended",
    "TimedOut",
    "describe",
    "exception_to_crashed_state",
    "exception_to_failed_state",
    "format_exception",
    "get_state_exception",
    "get_state_result",
    "is_made_by_hand",
    "is_state_iterable",
    "raise_state_exception",
    "return_value_to_state",
    "to_state_create",
]

get_state_exception: Final = state_exception


def get_state_result(state: State, raise_on_failure: bool = True) -> Any:
    """What the run returned; the same as `state.result()`."""
    return state.result(raise_on_failure)


def raise_state_exception(state: State) -> None:
    """Raise the exception of a run that failed, crashed or was cancelled."""
    if state.is_failed() or state.is_crashed() or state.is_cancelled():
        raise state_exception(state)


def return_value_to_state(value: Any) -> State:
    """The final state of a run that returned `value`, with every future in it made a state.

    A state made by hand is the final state. States of other runs, one or a list, tuple or set of
    them, make the run FAILED unless every one of them is COMPLETED. Anything else is a result, and
    the run COMPLETED.
    """
    if isinstance(value, State) and is_made_by_hand(value):
        return value
    if isinstance(value, State):
        return StateGroup([value]).combined()
    if is_state_iterable(value):
        return StateGroup(list(value)).combined()
    return Completed(data=LocalResult(value))


def exception_to_failed_state(exc: BaseException, message: str | None = None) -> State:
    """The state of a run whose code raised `exc`."""
    return Failed(data=exc, message=message or format_exception(exc))


def exception_to_crashed_state(exc: BaseException) -> State:
    """The state of a run that `exc` stopped from outside of its code."""
    return Crashed(data=exc, message=_reason(exc))


def format_exception(exc: BaseException, tb: TracebackType | None = None) -> str:
    """`ValueError: what it says`, with the traceback before it if one is given."""
    line = "".join(traceback.format_exception_only(exc)).strip()
    return line if tb is None else "".join(traceback.format_tb(tb)) + line


def is_state_iterable(obj: object) -> TypeGuard[Sequence[State] | set[State]]:
    """Whether `obj` is a list, tuple or set that holds states and nothing else."""
    if not isinstance(obj, list | tuple | set) or not obj:
        return False
    return all(isinstance(item, State) for item in cast("Iterable[object]", obj))


def is_made_by_hand(state: State) -> bool:
    """Whether user code made this state: that of a run says which run it belongs to."""
    return state.state_details.flow_run_id is None and state.state_details.task_run_id is None


def to_state_create(state: State) -> StateCreate:
    """What to ask the API for to enter `state`; its data stays in this process."""
    return state.model_copy(update={"data": None}).to_create()


class Described(Protocol):
    """What a state says about itself."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> StateType: ...
    @property
    def message(self) -> str | None: ...


def describe(state: Described) -> str:
    """A state in a few words: `Completed('why')`, `Skipped('why', type=COMPLETED)`."""
    parts = [repr(state.message)] if state.message else []
    if state.name.lower() != default_name(state.type).lower():
        parts.append(f"type={state.type.value}")
    return f"{state.name}({', '.join(parts)})"


class StateGroup:
    """Several states, and what they say together."""

    def __init__(self, states: Sequence[State]) -> None:
        self.states = states
        self._types = Counter(state.type for state in states)
        self.total_count = len(states)

    @property
    def fail_count(self) -> int:
        """How many failed or crashed."""
        return self._types[StateType.FAILED] + self._types[StateType.CRASHED]

    def all_completed(self) -> bool:
        return self._types[StateType.COMPLETED] == self.total_count

    def all_final(self) -> bool:
        return all(state.is_final() for state in self.states)

    def any_failed(self) -> bool:
        return self.fail_count > 0

    def any_cancelled(self) -> bool:
        return self._types[StateType.CANCELLED] > 0

    def any_paused(self) -> bool:
        return self._types[StateType.PAUSED] > 0

    def counts_message(self) -> str:
        """How many of each type: `total=3, 'COMPLETED'=2, 'FAILED'=1`."""
        counts = [f"{type.value!r}={count}" for type, count in self._types.items()]
        return ", ".join([f"total={self.total_count}", *counts])

    def combined(self) -> State:
        """COMPLETED if every one is, else FAILED; the states are its data."""
        if self.all_completed():
            return Completed(message="All states completed.", data=LocalResult(list(self.states)))
        return Failed(message=self._shortfall(), data=list(self.states))

    def _shortfall(self) -> str:
        if self.any_failed():
            return f"{self.fail_count}/{self.total_count} states failed."
        if self.any_cancelled():
            return f"{self._types[StateType.CANCELLED]}/{self.total_count} states cancelled."
        unfinished = sum(not state.is_final() for state in self.states)
        return f"{unfinished}/{self.total_count} states are not final."


def _reason(exc: BaseException) -> str:
    match exc:
        case KeyboardInterrupt():
            return "Interrupted from the keyboard."
        case ExternalSignal():
            return str(exc) or "The process was asked to terminate."
        case SystemExit():
            return f"The code asked the process to exit ({exc.code})."
        case _ if type(exc).__name__ == "CancelledError":
            return "Cancelled by the event loop that it ran in."
        case _:
            return format_exception(exc)
