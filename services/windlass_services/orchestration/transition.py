"""What a rule sees and what it may answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeAlias, TypeVar

from windlass.schemas.states import State, StateType
from windlass_services.storage.hot.facts import FlowRunFacts, FlowRunTransition
from windlass_services.storage.task_run_transitions import TaskRunFacts


@dataclass(frozen=True, slots=True)
class Terms:
    """Durations and limits that rules need, from the settings of the service."""

    lease: timedelta = timedelta(seconds=30)
    start_deadline: timedelta = timedelta(seconds=60)
    deployment_slot_wait: timedelta = timedelta(seconds=30)
    tag_slot_wait: timedelta = timedelta(seconds=30)
    cancel_deadline: timedelta = timedelta(seconds=300)
    """How long who was told to end may take to do so."""
    margin_of_lost: timedelta = timedelta(seconds=5)
    """Between the end of a lease and the next execution of the run: what may live on, and stops
    by itself at that end, has stopped."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A flow run between two states. `proposed` is what the rules before this one left of it."""

    run: FlowRunFacts
    request: FlowRunTransition
    initial: State | None
    proposed: State
    now: datetime
    terms: Terms

    @property
    def from_type(self) -> StateType | None:
        """None for a run that has no state yet."""
        return self.initial.type if self.initial else None


@dataclass(frozen=True, slots=True)
class TaskRunChange:
    """A task run between two states."""

    run: TaskRunFacts
    initial: State | None
    proposed: State
    now: datetime
    terms: Terms

    @property
    def from_type(self) -> StateType | None:
        """None for a run that has no state yet."""
        return self.initial.type if self.initial else None


@dataclass(frozen=True, slots=True)
class Proceed:
    """Go on with this state: the proposed one, or one of the same type, renamed or completed."""

    state: State


@dataclass(frozen=True, slots=True)
class Wait:
    """Write nothing; ask again after `delay`."""

    delay: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Write `state` in place of the proposed one; None: write nothing, the current state stands."""

    state: State | None
    reason: str


@dataclass(frozen=True, slots=True)
class PassThrough:
    """Write `passed` as a state that the run was in for no time, and `state` as the one it is in.

    The proposer is told of the first one: it is what was proposed.
    """

    passed: State
    state: State


@dataclass(frozen=True, slots=True)
class Abort:
    """Write nothing; the proposer must give up."""

    reason: str


Verdict: TypeAlias = Proceed | PassThrough | Wait | Reject | Abort

ChangeT = TypeVar("ChangeT", Transition, TaskRunChange, contravariant=True)


class Rule(Protocol, Generic[ChangeT]):
    """A pure decision. It is asked only for transitions from `from_` to `to`.

    After a `Reject` with a state, or a `PassThrough`, the remaining rules see the replacement as
    proposed, and those that do not cover it are not asked; a `Wait`, an `Abort` or a `Reject`
    without a state ends it.
    """

    @property
    def from_(self) -> frozenset[StateType | None]: ...
    @property
    def to(self) -> frozenset[StateType]: ...

    def decide(self, change: ChangeT) -> Verdict: ...
