"""From the body of a request to a proposal for the orchestrator."""

from datetime import datetime
from uuid import UUID

from windlass.exceptions import Superseded
from windlass.ids import uuid7
from windlass.schemas.orchestration import (
    OrchestrationResult,
    SetState,
    SetStateStatus,
    StateAbortDetails,
)
from windlass.schemas.states import State
from windlass_services.storage.hot.facts import FlowRunTransition, Policy


def state_of(asked: SetState, now: datetime) -> State:
    """The proposed state with an id and a moment; the request's id goes with it."""
    state = asked.state.to_state(uuid7(), now)
    if asked.request_id is None:
        return state
    details = state.state_details.model_copy(update={"transition_id": asked.request_id})
    return state.model_copy(update={"state_details": details})


def flow_run_proposal(
    flow_run_id: UUID, asked: SetState, speaker: str | None, now: datetime
) -> FlowRunTransition:
    """What a client proposes for a flow run. `speaker`: the execution that its headers name."""
    return FlowRunTransition(
        flow_run_id=flow_run_id,
        proposed=state_of(asked, now),
        policy=Policy.FORCED if asked.force else Policy.CORE,
        execution_id=asked.execution_id or speaker,
        leased=asked.leased,
        request_id=asked.request_id,
    )


def speaks_for(execution_id: str, flow_run_id: UUID) -> bool:
    """Whether it is an execution of this run; the orchestrator looks at those itself."""
    return execution_id.startswith(f"{flow_run_id}.")


def status_of(result: OrchestrationResult, proposed: State) -> int:
    """201 when a state was written, the proposed one or what the rules put in its place; or 200."""
    written = result.state is not None and result.state.id == proposed.id
    return 201 if written or result.status is SetStateStatus.ACCEPT else 200


def stop_of(superseded: Superseded) -> OrchestrationResult:
    """The same for a client of another make, which knows ABORT as the answer that stops it."""
    return OrchestrationResult(
        state=None,
        status=SetStateStatus.ABORT,
        details=StateAbortDetails(reason=str(superseded)),
    )
