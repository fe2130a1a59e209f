"""The states that Windlass gives to runs, one function for each documented name.

Each takes the fields of `State` and `now`, the moment at which the run enters the state. The
present moment and a new id count unless given; `name` may be another, since only the type
decides. What a function says about `state_details` is added to the details that are given.
"""

from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.base import JsonValue
from windlass.schemas.states import State, StateDetails, StateType

AWAITING_CONCURRENCY_SLOT: Final = "AwaitingConcurrencySlot"
"""The name that says of a scheduled run what holds it back."""


class Given(TypedDict, total=False):
    """What a caller may say about any state."""

    id: UUID
    name: str
    now: datetime
    message: str | None
    data: JsonValue
    state_details: StateDetails


def Scheduled(scheduled_time: datetime | None = None, **given: Unpack[Given]) -> State:
    """Begins at its time: at once, unless one is given."""
    return _scheduled("Scheduled", scheduled_time, given)


def Late(scheduled_time: datetime | None = None, **given: Unpack[Given]) -> State:
    """Scheduled, and its time went by without anyone taking it."""
    return _scheduled("Late", scheduled_time, given)


def AwaitingRetry(scheduled_time: datetime | None = None, **given: Unpack[Given]) -> State:
    """Failed, and the next attempt begins at its time."""
    return _scheduled("AwaitingRetry", scheduled_time, given)


def AwaitingConcurrencySlot(
    scheduled_time: datetime | None = None, **given: Unpack[Given]
) -> State:
    """Found a concurrency limit full, and asks for a slot again at its time."""
    return _scheduled(AWAITING_CONCURRENCY_SLOT, scheduled_time, given)


def Resuming(scheduled_time: datetime | None = None, **given: Unpack[Given]) -> State:
    """Was suspended, and begins again at its time."""
    return _scheduled("Resuming", scheduled_time, given)


def Pending(**given: Unpack[Given]) -> State:
    """Taken, and not yet running."""
    return _state(StateType.PENDING, "Pending", given)


def Running(**given: Unpack[Given]) -> State:
    """Running."""
    return _state(StateType.RUNNING, "Running", given)


def Retrying(**given: Unpack[Given]) -> State:
    """Running again after a failed attempt."""
    return _state(StateType.RUNNING, "Retrying", given)


def Paused(
    timeout_seconds: float | None = None,
    pause_expiration_time: datetime | None = None,
    reschedule: bool = False,
    pause_key: str | None = None,
    **given: Unpack[Given],
) -> State:
    """Waits to be resumed: for ever, so many seconds, or until a moment.

    With `reschedule` the process exits meanwhile. Raises ValueError if both ends are given.
    """
    end = _pause_end(timeout_seconds, pause_expiration_time, given)
    details = {"pause_timeout": end, "pause_reschedule": reschedule, "pause_key": pause_key}
    return _state(StateType.PAUSED, "Paused", given, details)


def Suspended(
    timeout_seconds: float | None = None,
    pause_expiration_time: datetime | None = None,
    pause_key: str | None = None,
    **given: Unpack[Given],
) -> State:
    """Waits to be resumed, without a process: for ever, so many seconds, or until a moment.

    Raises ValueError if both ends are given.
    """
    end = _pause_end(timeout_seconds, pause_expiration_time, given)
    details = {"pause_timeout": end, "pause_reschedule": True, "pause_key": pause_key}
    return _state(StateType.PAUSED, "Suspended", given, details)


def Cancelling(**given: Unpack[Given]) -> State:
    """Is being stopped."""
    return _state(StateType.CANCELLING, "Cancelling", given)


def Cancelled(**given: Unpack[Given]) -> State:
    """Ended on request."""
    return _state(StateType.CANCELLED, "Cancelled", given)


def Completed(**given: Unpack[Given]) -> State:
    """Ended well."""
    return _state(StateType.COMPLETED, "Completed", given)


def Cached(**given: Unpack[Given]) -> State:
    """Ended well without running: its result was there already."""
    return _state(StateType.COMPLETED, "Cached", given)


def RolledBack(**given: Unpack[Given]) -> State:
    """Ended well, but its transaction was rolled back."""
    return _state(StateType.COMPLETED, "RolledBack", given)


def Failed(**given: Unpack[Given]) -> State:
    """Ended by an error of the code."""
    return _state(StateType.FAILED, "Failed", given)


def TimedOut(**given: Unpack[Given]) -> State:
    """Failed because it took longer than it may."""
    return _state(StateType.FAILED, "TimedOut", given)


def Crashed(**given: Unpack[Given]) -> State:
    """Ended by its infrastructure."""
    return _state(StateType.CRASHED, "Crashed", given)


def _scheduled(name: str, scheduled_time: datetime | None, given: Given) -> State:
    now = given.setdefault("now", utc_now())
    details = given.get("state_details")
    due = scheduled_time or (details and details.scheduled_time) or now
    return _state(StateType.SCHEDULED, name, given, {"scheduled_time": due})


def _state(
    type: StateType, name: str, given: Given, details: dict[str, Any] | None = None
) -> State:
    state_details = given.get("state_details") or StateDetails()
    if details is not None:
        state_details = StateDetails(**{**state_details.__dict__, **details})
    return State(
        id=given.get("id") or uuid7(),
        type=type,
        name=given.get("name", name),
        timestamp=given.get("now") or utc_now(),
        message=given.get("message"),
        data=given.get("data"),
        state_details=state_details,
    )


def _pause_end(
    timeout_seconds: float | None, pause_expiration_time: datetime | None, given: Given
) -> datetime | None:
    if timeout_seconds is None:
        return pause_expiration_time
    if pause_expiration_time is not None:
        message = "A pause ends after `timeout_seconds` or at `pause_expiration_time`: give one."
        raise ValueError(message)
    return given.setdefault("now", utc_now()) + timedelta(seconds=timeout_seconds)
