"""Asking for a state of a run, and the answer."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape
from windlass.schemas.states import State, StateCreate


class SetState(Shape):
    """The body of ``set_state``: the state that the caller wants the run to enter.

    `force` skips the rules, but never replaces a final state by CRASHED, FAILED or CANCELLED.
    `execution_id` says which execution of a flow run asks; a superseded one is refused. `leased`
    promises that it renews its lease from RUNNING on.
    `request_id` makes the question safe to repeat: the answer to it is the first one again.
    """

    state: StateCreate
    force: bool = False
    execution_id: str | None = None
    leased: bool = False
    request_id: UUID | None = None


class SetStateStatus(StrEnum):
    """What became of the question."""

    ACCEPT = "ACCEPT"
    """The run is in the state that was asked for: the caller goes on."""
    REJECT = "REJECT"
    """The run is in another state, which the answer carries: the caller goes on from that one."""
    ABORT = "ABORT"
    """Nothing changed, and the caller must stop."""
    WAIT = "WAIT"
    """Nothing changed, and the caller must ask again after the delay."""


class StateAcceptDetails(Shape):
    """Details of ACCEPT."""

    type: Literal["accept_details"] = "accept_details"


class StateRejectDetails(Shape):
    """Details of REJECT: why."""

    type: Literal["reject_details"] = "reject_details"
    reason: str | None = None


class StateAbortDetails(Shape):
    """Details of ABORT: why."""

    type: Literal["abort_details"] = "abort_details"
    reason: str | None = None


class StateWaitDetails(Shape):
    """Details of WAIT: for how many seconds, and why."""

    type: Literal["wait_details"] = "wait_details"
    delay_seconds: int
    reason: str | None = None


StateResponseDetails: TypeAlias = Annotated[
    StateAcceptDetails | StateWaitDetails | StateRejectDetails | StateAbortDetails,
    Field(discriminator="type"),
]


class OrchestrationResult(Shape):
    """What the server answers to ``set_state``. `state` is null when nothing was written."""

    state: State | None
    status: SetStateStatus
    details: StateResponseDetails
