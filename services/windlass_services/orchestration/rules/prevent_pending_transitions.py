"""One run is taken by one worker."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import Abort, Proceed, Transition, Verdict


class PreventPendingTransitions:
    """Two workers must not both start a run, nor one start a run whose process is still alive.

    A run that waits for its retry in its process is scheduled, and must not be taken either.
    """

    from_ = frozenset[StateType | None](
        {
            StateType.PENDING,
            StateType.RUNNING,
            StateType.CANCELLING,
            StateType.CANCELLED,
            StateType.SCHEDULED,
        }
    )
    to = frozenset({StateType.PENDING})

    def decide(self, change: Transition) -> Verdict:
        assert change.initial is not None
        if change.from_type is not StateType.SCHEDULED:
            return Abort(f"The run is {change.initial.name}: it was taken by someone else.")
        if change.run.execution is not None and change.run.execution.is_live:
            return Abort("The process of the run is alive and will retry by itself.")
        return Proceed(change.proposed)
