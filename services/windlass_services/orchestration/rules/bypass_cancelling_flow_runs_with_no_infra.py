"""What runs nowhere is cancelled at once."""

from windlass.schemas.state_constructors import Cancelled
from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict


class BypassCancellingFlowRunsWithNoInfra:
    """Nobody would ever report that the infrastructure is gone, where there is none.

    A run that waits for its retry, or for the end of a pause in its process, has that process.
    """

    from_ = frozenset[StateType | None]({StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED})
    to = frozenset({StateType.CANCELLING})

    def decide(self, change: Transition) -> Verdict:
        wanted = change.proposed
        if _has_process(change) or _has_infrastructure(change):
            return Proceed(wanted)
        cancelled = Cancelled(id=wanted.id, now=wanted.timestamp, message=wanted.message)
        return Reject(cancelled, "The run has no infrastructure: it is cancelled at once.")


def _has_process(change: Transition) -> bool:
    execution = change.run.execution
    return execution is not None and execution.is_live and execution.presented_at is not None


def _has_infrastructure(change: Transition) -> bool:
    """What a run left behind when it was suspended is gone, whatever its record says."""
    assert change.initial is not None
    suspended = change.initial.is_paused() and change.initial.state_details.pause_reschedule
    resuming = change.initial.is_scheduled() and change.run.empirical_policy.get("resuming")
    return bool(change.run.infrastructure_pid) and not suspended and not resuming
