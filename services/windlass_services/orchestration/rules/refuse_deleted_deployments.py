"""A run that waits does not start when its deployment was deleted: it is about to be."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import Abort, Proceed, Transition, Verdict


class RefuseDeletedDeployments:
    """Of many runs some are still there for a while. One that began before may go on."""

    from_ = frozenset[StateType | None]({StateType.SCHEDULED})
    to = frozenset({StateType.PENDING, StateType.RUNNING})

    def decide(self, change: Transition) -> Verdict:
        run = change.run
        began = run.run_count > 0 or run.execution is not None
        if began or run.deployment_id is None or run.deployment is not None:
            return Proceed(change.proposed)
        return Abort("The deployment of the run was deleted.")
