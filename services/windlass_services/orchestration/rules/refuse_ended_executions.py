"""An execution that is over says nothing more about its run."""

from windlass.schemas.executions import parse_execution_id
from windlass_services.orchestration.state_sets import FROM_ANY, TO_ANY
from windlass_services.orchestration.transition import Abort, Proceed, Reject, Transition, Verdict


class RefuseEndedExecutions:
    """Only the live execution speaks for a run, or the next one if none is alive.

    A process that lost its claim, its lease or its run, and does not know it yet, must stop.
    """

    from_ = FROM_ANY
    to = TO_ANY

    def decide(self, change: Transition) -> Verdict:
        speaker, newest = change.request.execution_id, change.run.execution
        if speaker is None or newest is None:
            return Proceed(change.proposed)
        if newest.is_live and speaker == newest.id:
            return Proceed(change.proposed)
        _, generation = parse_execution_id(speaker)
        if not newest.is_live and generation > newest.generation:
            return Proceed(change.proposed)
        reason = f"Execution {speaker} of this run is over."
        if change.initial and change.initial.is_final():
            return Reject(None, reason)
        return Abort(reason)
