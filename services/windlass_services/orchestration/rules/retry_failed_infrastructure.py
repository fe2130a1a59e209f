"""A run whose infrastructure failed is dispatched anew while its policy says so."""

from datetime import timedelta
from uuid import uuid5

from windlass.schemas.infrastructure_retry import InfrastructureFailure
from windlass.schemas.state_constructors import AwaitingRetry
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.bookkeeping import infrastructure_retries_of
from windlass_services.orchestration.transition import PassThrough, Proceed, Transition, Verdict
from windlass_services.storage.hot.facts import ExecutionFacts


class RetryFailedInfrastructure:
    """It crashes, which ends its execution, and in the same moment waits for its next one.

    Only what a worker can be given again: a script that somebody started, and the runs that `serve`
    starts, end with their process.
    """

    from_ = frozenset[StateType | None]({StateType.PENDING, StateType.RUNNING})
    to = frozenset({StateType.CRASHED})

    def decide(self, change: Transition) -> Verdict:
        crashed, policy, execution = (
            change.proposed,
            change.run.infrastructure_retry,
            change.run.execution,
        )
        if policy is None or execution is None or change.run.work_queue_id is None:
            return Proceed(crashed)
        failure = change.request.failure or _failure_of(execution)
        used = infrastructure_retries_of(change.run)
        if failure not in policy.causes or not policy.max_retries:
            return Proceed(crashed)
        if used >= policy.max_retries:
            return Proceed(_with_message(crashed, f"It was the last of {used} retries."))
        delay = timedelta(seconds=policy.delay_before(used))
        if failure is InfrastructureFailure.LOST:
            # Its process may live and be cut off: it stops by itself when its term is over.
            delay = max(delay, change.terms.margin_of_lost)
        message = f"Retry {used + 1} of {policy.max_retries} in {delay.total_seconds():g} seconds."
        waiting = AwaitingRetry(
            change.now + delay,
            # After the crash in its history, and the same when the crash is told again.
            id=uuid5(crashed.id, "infrastructure retry"),
            now=max(change.now, crashed.timestamp) + timedelta(microseconds=1),
            message=_with_message(crashed, message).message,
        )
        return PassThrough(_with_message(crashed, message), waiting)


def _failure_of(execution: ExecutionFacts) -> InfrastructureFailure:
    if execution.presented_at is None:
        return InfrastructureFailure.NOT_STARTED
    return InfrastructureFailure.ENDED


def _with_message(state: State, sentence: str) -> State:
    said = " ".join(part for part in (state.message, sentence) if part)
    return state.model_copy(update={"message": said})
