"""A flow run that failed is tried again while it has retries left."""

from datetime import timedelta

from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.state_constructors import AwaitingRetry
from windlass.schemas.states import StateType
from windlass_services.orchestration.bookkeeping import lost_attempts_of
from windlass_services.orchestration.transition import Proceed, Reject, Transition, Verdict


class RetryFailedFlows:
    """In the same process, after the delay of its policy."""

    from_ = frozenset[StateType | None]({StateType.RUNNING})
    to = frozenset({StateType.FAILED})

    def decide(self, change: Transition) -> Verdict:
        failed = change.proposed
        policy = FlowRunPolicy.model_validate(change.run.empirical_policy)
        # Its infrastructure is retried on an account of its own.
        if change.run.run_count - lost_attempts_of(change.run) > (policy.retries or 0):
            return Proceed(failed)
        due = change.now + timedelta(seconds=policy.retry_delay or 0)
        waiting = AwaitingRetry(due, id=failed.id, now=failed.timestamp, message=failed.message)
        return Reject(waiting, "The run failed and will be tried again.")
