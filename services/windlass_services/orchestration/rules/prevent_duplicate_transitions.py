"""A transition that was made already is not made again."""

from windlass_services.orchestration.state_sets import FROM_ANY, TO_ANY
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict


class PreventDuplicateTransitions:
    """A client that lost the reply asks again under the same transition id."""

    from_ = FROM_ANY
    to = TO_ANY

    def decide(self, change: Transition) -> Verdict:
        asked = change.proposed.state_details.transition_id
        made = change.initial and change.initial.state_details.transition_id
        if asked is None or asked != made:
            return Proceed(change.proposed)
        return Reject(None, "This transition was made already.")
