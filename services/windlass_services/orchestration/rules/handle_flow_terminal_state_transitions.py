"""What may follow a final state of a flow run."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.results import has_persisted_result
from windlass_services.orchestration.state_sets import FROM_FINAL, TO_ANY, TO_FINAL
from windlass_services.orchestration.transition import Abort, Proceed, Reject, Transition, Verdict

_NEVER_AFTER_THE_END = frozenset({StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED})


class HandleFlowTerminalStateTransitions:
    """A run that ended can be run again, unless its result is there to be had.

    It cannot be stopped, paused or crash any more; without a deployment nobody could start it, so
    it is not scheduled.
    """

    from_ = FROM_FINAL
    to = TO_ANY

    def decide(self, change: Transition) -> Verdict:
        assert change.initial is not None
        ended, wanted = change.initial, change.proposed
        if wanted.type in _NEVER_AFTER_THE_END:
            return Abort(f"The run is {ended.name} already and cannot become {wanted.name}.")
        if wanted.type not in TO_FINAL and has_persisted_result(ended):
            return Reject(None, "The run completed and its result was persisted.")
        if wanted.is_scheduled() and change.run.deployment_id is None:
            return Abort("Only the run of a deployment can be scheduled again.")
        return Proceed(wanted)
