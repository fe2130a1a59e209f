"""When a flow run may pause."""

from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Abort, Proceed, Reject, Transition, Verdict


class HandlePausingFlows:
    """Only while it runs, once for each pause key; out of its process only if it can come back."""

    from_ = FROM_ANY
    to = frozenset({StateType.PAUSED})

    def decide(self, change: Transition) -> Verdict:
        details = change.proposed.state_details
        if change.from_type is not StateType.RUNNING:
            return Reject(None, "Only a running flow run can be paused.")
        if details.pause_key in _fired(change):
            return Reject(None, f"The pause {details.pause_key!r} has been resumed already.")
        if details.pause_reschedule and change.run.deployment_id is None:
            return Abort("Without a deployment nobody could start the suspended run again.")
        return Proceed(change.proposed)


def _fired(change: Transition) -> set[str]:
    return FlowRunPolicy.model_validate(change.run.empirical_policy).pause_keys or set()
