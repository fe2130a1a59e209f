"""How duties move runs on: as the scheduler, and only from the state that a run was seen in."""

from typing import Protocol
from uuid import UUID

from windlass.schemas.infrastructure_retry import InfrastructureFailure
from windlass.schemas.states import State
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.hot.facts import FlowRunTransition, Policy
from windlass_services.storage.scope import Scope


class SeenRun(Protocol):
    """A flow run, and the state that it was in when it was read."""

    @property
    def workspace_id(self) -> UUID: ...
    @property
    def flow_run_id(self) -> UUID: ...
    @property
    def state_id(self) -> UUID: ...


async def propose(
    services: ServiceContext,
    run: SeenRun,
    proposed: State,
    *,
    policy: Policy = Policy.CORE,
    failure: InfrastructureFailure | None = None,
) -> bool:
    """Propose a state with its own id and moment. A run that moved on meanwhile stays as it is.

    Returns whether the run has left the state that it was seen in.
    """
    answer = await services.orchestrator.propose(
        Scope(run.workspace_id, "service:scheduler"),
        FlowRunTransition(
            flow_run_id=run.flow_run_id,
            proposed=proposed,
            policy=policy,
            expected_state_id=run.state_id,
            failure=failure,
        ),
    )
    return answer.state is not None and answer.state.id != run.state_id
