"""The first final state of an execution stands."""

from windlass_services.orchestration.state_sets import FROM_FINAL, TO_FINAL
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict
from windlass_services.storage.hot.facts import Policy


class PreserveFinalStates:
    """Engine, worker, cancellation and the watch over leases race at the end of a run; whoever
    comes first is right.

    A person may force a run to be completed, or start it again; not even force makes it end in
    another way than it did.
    """

    from_ = FROM_FINAL
    to = TO_FINAL

    def decide(self, change: Transition) -> Verdict:
        assert change.initial is not None
        if change.proposed.is_completed() and change.request.policy is Policy.FORCED:
            return Proceed(change.proposed)
        return Reject(None, f"The run ended as {change.initial.name} already.")
