"""Late is said of scheduled runs only."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict


class EnsureOnlyScheduledFlowsMarkedLate:
    """A run that was taken while the scheduler looked for late ones is not thrown back."""

    from_ = FROM_ANY - {StateType.SCHEDULED}
    to = frozenset({StateType.SCHEDULED})

    def decide(self, change: Transition) -> Verdict:
        if change.proposed.name != "Late":
            return Proceed(change.proposed)
        return Reject(None, "Only a scheduled run can be late.")
