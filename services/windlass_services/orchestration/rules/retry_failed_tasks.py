"""A task run that failed is tried again while it has retries left."""

from datetime import timedelta
from random import Random

from windlass.schemas.state_constructors import AwaitingRetry
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRunPolicy
from windlass_services.orchestration.transition import Proceed, Reject, TaskRunChange, Verdict


class RetryFailedTasks:
    """Unless its client says that this failure is not to be retried."""

    from_ = frozenset[StateType | None]({StateType.RUNNING})
    to = frozenset({StateType.FAILED})

    def decide(self, change: TaskRunChange) -> Verdict:
        failed = change.proposed
        policy = TaskRunPolicy.model_validate(change.run.empirical_policy)
        spent = change.run.run_count > (policy.retries or 0)
        if spent or failed.state_details.retriable is False:
            return Proceed(failed)
        due = change.now + _delay(change, policy)
        waiting = AwaitingRetry(due, id=failed.id, now=failed.timestamp, message=failed.message)
        return Reject(waiting, "The task run failed and will be tried again.")


def _delay(change: TaskRunChange, policy: TaskRunPolicy) -> timedelta:
    """The delay of this attempt, longer by a part that differs between runs and attempts."""
    attempt = change.run.run_count
    delay = policy.retry_delay or 0
    if isinstance(delay, list):
        delay = delay[min(attempt, len(delay)) - 1] if delay else 0
    jitter = (policy.retry_jitter_factor or 0) * Random(f"{change.run.id}/{attempt}").random()
    return timedelta(seconds=delay * (1 + jitter))
