"""How a flow run leaves a pause."""

from windlass.schemas.state_constructors import Failed
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.state_sets import TO_ANY, TO_FINAL
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict

_RESUMED_BY = TO_FINAL | {StateType.SCHEDULED, StateType.RUNNING}


class HandleResumingPausedFlows:
    """It goes on or ends, before its time is up; a suspended run needs a deployment to go on.

    Cancelling is the business of other rules: it is possible at any time.
    """

    from_ = frozenset[StateType | None]({StateType.PAUSED})
    to = TO_ANY - {StateType.CANCELLING}

    def decide(self, change: Transition) -> Verdict:
        assert change.initial is not None
        pause = change.initial.state_details
        if change.proposed.type not in _RESUMED_BY:
            return Reject(None, f"A paused run cannot become {change.proposed.name}.")
        if pause.pause_reschedule and change.run.deployment_id is None:
            return Reject(None, "Without a deployment nobody could start the suspended run again.")
        if pause.pause_timeout is not None and pause.pause_timeout < change.now:
            return Reject(_timed_out(change), "The pause was not resumed in time.")
        return Proceed(change.proposed)


def _timed_out(change: Transition) -> State:
    return Failed(
        id=change.proposed.id,
        now=change.proposed.timestamp,
        message="The flow run was paused and not resumed in time.",
    )
