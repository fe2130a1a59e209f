"""A run that is being cancelled ends as cancelled."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import TO_ANY
from windlass_services.orchestration.transition import Reject, Transition, Verdict


class EnforceCancellingToCancelledTransition:
    """Whatever the process of the run still reports while it is being stopped."""

    from_ = frozenset[StateType | None]({StateType.CANCELLING, StateType.CANCELLED})
    to = TO_ANY - {StateType.CANCELLED}

    def decide(self, change: Transition) -> Verdict:
        return Reject(None, "A run that is being cancelled can only become Cancelled.")
