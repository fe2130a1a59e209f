"""From the body of a request to a proposal for the orchestrator."""

from datetime import datetime
from uuid import UUID

from windlass.ids import uuid7
from windlass.schemas.orchestration import SetState
from windlass.schemas.states import State
from windlass_services.storage.hot.facts import FlowRunTransition, Policy


def state_of(asked: SetState, now: datetime) -> State:
    """The proposed state with an id and a moment; the request's id goes with it."""
    state = asked.state.to_state(uuid7(), now)
    if asked.request_id is None:
        return state
    details = state.state_details.model_copy(update={"transition_id": asked.request_id})
    return state.model_copy(update={"state_details": details})


def flow_run_proposal(flow_run_id: UUID, asked: SetState, now: datetime) -> FlowRunTransition:
    """What a client proposes for a flow run."""
    return FlowRunTransition(
        flow_run_id=flow_run_id,
        proposed=state_of(asked, now),
        policy=Policy.FORCED if asked.force else Policy.CORE,
        execution_id=asked.execution_id,
        leased=asked.leased,
        request_id=asked.request_id,
    )
