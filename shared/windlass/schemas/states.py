"""The states of runs: what every process says about how far a run has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, Final, TypeAlias, cast
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

from windlass.clock import utc_now
from windlass.exceptions import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    PausedRun,
    UnfinishedRun,
)
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject, JsonValue, Shape, Timestamp


class StateType(StrEnum):
    """What decides how a run is orchestrated; the name of a state is for display only."""

    SCHEDULED = "SCHEDULED"
    """Begins at its scheduled time: a worker, a runner or the engine moves it on to PENDING."""
    PENDING = "PENDING"
    """Taken, but not started: the process of the run moves it on to RUNNING; whoever starts its
    infrastructure, or the scheduler at the start deadline, to CRASHED."""
    RUNNING = "RUNNING"
    """User code runs: the engine in the process of the run moves it on; the scheduler does when
    the lease expires, the worker when the infrastructure is gone."""
    COMPLETED = "COMPLETED"
    """Ended well. Final."""
    FAILED = "FAILED"
    """Ended by an error of the code, with no retries left. Final: a person may schedule a rerun."""
    CANCELLED = "CANCELLED"
    """Ended on request, and its infrastructure is gone. Final."""
    CRASHED = "CRASHED"
    """Ended by its infrastructure. Final: a policy or a person may schedule a rerun."""
    PAUSED = "PAUSED"
    """Waits to be resumed: a person or an automation moves it on; the scheduler when it expires."""
    CANCELLING = "CANCELLING"
    """Is being stopped: the worker or the process of the run moves it on to CANCELLED, the
    scheduler when the grace period is over."""


TERMINAL_STATES: Final = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED}
)


class StateDetails(Shape):
    """What goes with a state: what it belongs to, and what its type needs."""

    model_config = ConfigDict(frozen=True)

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    child_flow_run_id: UUID | None = None
    scheduled_time: Timestamp | None = None
    cache_key: str | None = None
    cache_expiration: Timestamp | None = None
    deferred: bool | None = False
    untrackable_result: bool = False
    pause_timeout: Timestamp | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: dict[str, str] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: UUID | None = None
    presumed: bool = False
    """The server ended a task run whose client was gone: an end that the client reports after all
    takes the place of this one."""


def default_name(type: StateType) -> str:
    """The name of a state that was given none: ``Running`` for ``RUNNING``."""
    return type.value.capitalize()


def _name_of_type_unless_given(value: object, info: ValidationInfo) -> object:
    if value:
        return value
    type = info.data.get("type")
    return default_name(type) if isinstance(type, StateType) else ""


StateName: TypeAlias = Annotated[
    str,
    BeforeValidator(_name_of_type_unless_given),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]}),
]
"""Never null once read, though null may be sent: the contract says that it may be."""


class StateCreate(Shape):
    """A state that a client asks for. The server adds the identity and the moment.

    `name` is that of the type unless given.
    """

    model_config = ConfigDict(frozen=True)

    type: StateType
    name: StateName = Field(default_factory=str, validate_default=True)
    message: str | None = None
    data: JsonValue | None = None
    state_details: StateDetails = Field(default_factory=StateDetails)

    def to_state(self, id: UUID, now: datetime) -> "State":
        """The state as it is entered at `now`. A scheduled one without a time is due at once."""
        details = self.state_details
        if self.type is StateType.SCHEDULED and details.scheduled_time is None:
            details = details.model_copy(update={"scheduled_time": now})
        return State(
            id=id,
            type=self.type,
            name=self.name,
            timestamp=now,
            message=self.message,
            data=self.data,
            state_details=details,
        )


@dataclass(frozen=True, slots=True)
class LocalResult:
    """What a run returned, as the `data` of its state in the process that ran it: never sent."""

    value: Any


class State(Shape):
    """A state that a run is or was in.

    `name` is that of the type unless given; `timestamp` is when the run entered the state.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(default_factory=uuid7)
    type: StateType
    name: StateName = Field(default_factory=str, validate_default=True)
    timestamp: Timestamp = Field(default_factory=utc_now)
    message: str | None = None
    data: JsonValue | None = None
    state_details: StateDetails = Field(default_factory=StateDetails)

    def to_create(self) -> StateCreate:
        """What a client sends to ask for this state."""
        return StateCreate(
            type=self.type,
            name=self.name,
            message=self.message,
            data=self.data,
            state_details=self.state_details,
        )

    def result(self, raise_on_failure: bool = True) -> Any:
        """What the run returned.

        Of a run that failed, crashed or was cancelled: raises its exception, or returns it unless
        `raise_on_failure`. Raises PausedRun or UnfinishedRun before the end, and MissingResult
        where the value is neither in this process nor stored where it can be read.
        """
        has_failed = self.is_failed() or self.is_crashed() or self.is_cancelled()
        if has_failed or isinstance(self.data, BaseException):
            error = state_exception(self)
            if raise_on_failure:
                raise error
            return error
        if isinstance(self.data, LocalResult):
            return self.data.value
        if self.is_completed() and self.data is not None:
            return _stored(self.data) if _is_stored(self.data) else self.data
        raise _no_result(self)

    def is_scheduled(self) -> bool:
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        return self.type in TERMINAL_STATES


def state_exception(state: State) -> BaseException:
    """The exception that a failed, crashed or cancelled run ended with.

    Where the state holds other states, that of the first which did not complete; where it holds
    no exception, one of the kind of the state, with its message. Raises ValueError for others.
    """
    match state.data:
        case BaseException() as error:
            return error
        case State() as inner:
            return state_exception(inner)
        case [State(), *_] as states:
            return state_exception(_first_failure(cast("Sequence[State]", states)))
        case {"storage_key": str(), "serializer": dict()} as data:
            found = _stored(cast("JsonObject", data))
            return found if isinstance(found, BaseException) else _bare_exception(state)
        case _:
            return _bare_exception(state)


def _is_stored(data: object) -> bool:
    """Whether the data of a state says where a value is, and is not the value."""
    return isinstance(data, dict) and {"storage_key", "serializer"} <= data.keys()


def _stored(data: Any) -> Any:
    # Reading files is not for this room, nor is knowing who does: it is a name until it is needed.
    return import_module("windlass.results").read_result(data)


def _first_failure(states: Sequence[State]) -> State:
    return next((state for state in states if not state.is_completed()), states[0])


def _bare_exception(state: State) -> BaseException:
    message = state.data if isinstance(state.data, str) else state.message
    match state.type:
        case StateType.FAILED:
            return FailedRun(message)
        case StateType.CRASHED:
            return CrashedRun(message)
        case StateType.CANCELLED:
            return CancelledRun(message)
        case StateType.PAUSED:
            return PausedRun(message)
        case StateType.COMPLETED:
            raise ValueError(f"A run that is {state.name} has no exception.")
        case _:
            return UnfinishedRun(message)


def _no_result(state: State) -> Exception:
    if state.is_completed():
        return MissingResult("The run completed, but its result is not in this process.")
    if state.is_paused():
        return PausedRun(f"The run is {state.name}: it has no result until it is resumed.")
    return UnfinishedRun(f"The run is {state.name}: it has no result yet.")
