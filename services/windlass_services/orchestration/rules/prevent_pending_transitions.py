"""One run is taken by one worker."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Abort, Proceed, Transition, Verdict


class PreventPendingTransitions:
    """Only a scheduled run that no process is alive for is taken.

    Two workers must not both start it; a slow one must not start what another one has run
    meanwhile; and a run that waits for its retry in its process will be there again by itself.
    """

    from_ = FROM_ANY - {None, StateType.PAUSED}
    to = frozenset({StateType.PENDING})

    def decide(self, change: Transition) -> Verdict:
        assert change.initial is not None
        if change.from_type is not StateType.SCHEDULED:
            return Abort(f"The run is {change.initial.name}: only a scheduled run is taken.")
        if change.run.execution is not None and change.run.execution.is_live:
            return Abort("The process of the run is alive and will retry by itself.")
        return Proceed(change.proposed)
