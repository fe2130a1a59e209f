"""No more runs of a deployment at once than it allows."""

from windlass.schemas.deployments import ConcurrencyLimitStrategy
from windlass.schemas.state_constructors import AwaitingConcurrencySlot, Cancelled
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict, Wait


class SecureFlowConcurrencySlots:
    """A run needs a slot from the moment someone takes it until its execution ends.

    A slot is a live execution: one that lives on, through a pause or a retry, needs no new one. A
    run that starts in a process of its own waits there.
    """

    from_ = FROM_ANY
    to = frozenset({StateType.PENDING, StateType.RUNNING})

    def decide(self, change: Transition) -> Verdict:
        limit = _full_limit(change)
        if limit is None:
            return Proceed(change.proposed)
        reason = f"The deployment's limit of {limit} concurrent runs is reached."
        if _strategy(change) == ConcurrencyLimitStrategy.CANCEL_NEW:
            return Reject(_cancelled(change, reason), reason)
        if change.proposed.is_running():
            return Wait(change.terms.deployment_slot_wait, reason)
        return Reject(_enqueued(change), reason)


def _full_limit(change: Transition) -> int | None:
    deployment, execution = change.run.deployment, change.run.execution
    if deployment is None or deployment.concurrency_limit is None:
        return None
    if execution is not None and execution.is_live:
        return None
    limit = deployment.concurrency_limit
    return limit if deployment.live_executions >= limit else None


def _strategy(change: Transition) -> str | None:
    return change.run.deployment and change.run.deployment.collision_strategy


def _cancelled(change: Transition, reason: str) -> State:
    return Cancelled(id=change.proposed.id, now=change.proposed.timestamp, message=reason)


def _enqueued(change: Transition) -> State:
    due = change.now + change.terms.deployment_slot_wait
    return AwaitingConcurrencySlot(due, id=change.proposed.id, now=change.proposed.timestamp)
