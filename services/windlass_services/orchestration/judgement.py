"""Asking rules, in order, what becomes of a transition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State
from windlass_services.orchestration.transition import (
    Abort,
    PassThrough,
    Proceed,
    Reject,
    Rule,
    TaskRunChange,
    Transition,
    Verdict,
    Wait,
)

ChangeT = TypeVar("ChangeT", Transition, TaskRunChange)


@dataclass(frozen=True, slots=True)
class Judgement(Generic[ChangeT]):
    """What all rules together say. `change.proposed` is the state to write, if one `is_written`."""

    change: ChangeT
    status: SetStateStatus = SetStateStatus.ACCEPT
    reason: str | None = None
    retry_after: float | None = None
    """Seconds, with WAIT."""
    is_written: bool = True
    passed: State | None = None
    """The state that the run passes through on its way to the one that is written."""


def judge(rules: Sequence[Rule[ChangeT]], change: ChangeT) -> Judgement[ChangeT]:
    """Ask every rule that covers the transition as the rules before it left it."""
    judgement = Judgement(change)
    for rule in rules:
        if not judgement.is_written:
            break
        now = judgement.change
        if now.from_type in rule.from_ and now.proposed.type in rule.to:
            judgement = _after(judgement, rule.decide(now))
    return judgement


def _after(judgement: Judgement[ChangeT], verdict: Verdict) -> Judgement[ChangeT]:
    match verdict:
        case Proceed(state):
            return replace(judgement, change=replace(judgement.change, proposed=state))
        case PassThrough(passed, state):
            return replace(
                judgement, change=replace(judgement.change, proposed=state), passed=passed
            )
        case Reject(None, reason):
            return replace(judgement, status=SetStateStatus.REJECT, reason=reason, is_written=False)
        case Reject(state, reason):
            return replace(
                judgement,
                change=replace(judgement.change, proposed=state),
                status=SetStateStatus.REJECT,
                reason=reason,
            )
        case Wait(delay, reason):
            return replace(
                judgement,
                status=SetStateStatus.WAIT,
                reason=reason,
                retry_after=delay.total_seconds(),
                is_written=False,
            )
        case Abort(reason):
            return replace(judgement, status=SetStateStatus.ABORT, reason=reason, is_written=False)
