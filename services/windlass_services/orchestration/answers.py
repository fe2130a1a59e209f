"""What a proposer is answered."""

from windlass.schemas.orchestration import (
    OrchestrationResult,
    SetStateStatus,
    StateAbortDetails,
    StateAcceptDetails,
    StateRejectDetails,
    StateResponseDetails,
    StateWaitDetails,
)
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import TransitionOutcome
from windlass_services.storage.task_run_transitions import TaskRunDecision, TaskRunFacts


def answer_to_flow_run(
    proposal: FlowRunTransition, outcome: TransitionOutcome
) -> OrchestrationResult:
    """The state that the run is in now, and what became of the question."""
    decision = outcome.decision
    status = decision.status
    if _was_accepted_before(proposal, outcome):
        status = SetStateStatus.ACCEPT
    details = _details(status, decision.reason, decision.retry_after)
    return OrchestrationResult(state=outcome.state, status=status, details=details)


def answer_to_task_run(run: TaskRunFacts, decision: TaskRunDecision) -> OrchestrationResult:
    """The state that the run is in now, and what became of the question."""
    details = _details(decision.status, decision.reason, decision.retry_after)
    state = decision.state or run.state
    return OrchestrationResult(state=state, status=decision.status, details=details)


def _was_accepted_before(proposal: FlowRunTransition, outcome: TransitionOutcome) -> bool:
    """A question with a request id is answered again as it was the first time.

    Without one, as stock clients ask, a repeated transition is rejected, as they expect.
    """
    state, asked = outcome.state, proposal.proposed
    return (
        proposal.request_id is not None
        and outcome.decision.status is SetStateStatus.REJECT
        and outcome.decision.state is None
        and state is not None
        and state.state_details.transition_id == proposal.request_id
        and (state.type, state.name) == (asked.type, asked.name)
    )


def _details(
    status: SetStateStatus, reason: str | None, retry_after: float | None
) -> StateResponseDetails:
    match status:
        case SetStateStatus.ACCEPT:
            return StateAcceptDetails()
        case SetStateStatus.REJECT:
            return StateRejectDetails(reason=reason)
        case SetStateStatus.ABORT:
            return StateAbortDetails(reason=reason)
        case SetStateStatus.WAIT:
            return StateWaitDetails(delay_seconds=round(retry_after or 0), reason=reason)
