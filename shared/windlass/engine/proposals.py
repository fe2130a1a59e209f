"""Asking the server whether a flow run may enter a state, until it says yes or no."""

from logging import Logger
from uuid import UUID

from windlass.engine.effects import Description, Sleep
from windlass.engine.ports import Proposal
from windlass.engine.questions import Propose
from windlass.engine.session import Session
from windlass.exceptions import Abort
from windlass.logging.loggers import WindlassLogAdapter
from windlass.schemas.orchestration import OrchestrationResult, SetStateStatus, StateWaitDetails
from windlass.schemas.states import State
from windlass.states import to_state_create


def propose(
    state: State,
    run_id: UUID,
    execution_id: str | None,
    session: Session,
    log: WindlassLogAdapter | Logger,
) -> Description[State]:
    """The state that the run is in after asking for `state`: that one, or what the server decided.

    Waits as long as the server says. Raises Abort when the run has to stop, and Superseded when
    another execution owns it.
    """
    while True:
        result = yield from Propose(
            Proposal(
                flow_run_id=run_id,
                state=to_state_create(state),
                request_id=session.new_id(),
                execution_id=execution_id,
                leased=execution_id is not None,
            )
        )
        match result.status:
            case SetStateStatus.ACCEPT if result.state is not None:
                # The server has the state without what it holds in this process.
                return result.state.model_copy(update={"data": state.data})
            case SetStateStatus.REJECT if result.state is not None:
                log.debug("The server answered %s with %s.", state.name, result.state.name)
                return result.state
            case SetStateStatus.WAIT:
                delay = _delay(result)
                log.info("Waiting %g seconds to be %s: %s", delay, state.name, _reason(result))
                yield from Sleep(delay)
            case _:
                raise Abort(f"The run may not be {state.name}: {_reason(result)}")


def _delay(result: OrchestrationResult) -> float:
    details = result.details
    return details.delay_seconds if isinstance(details, StateWaitDetails) else 0.0


def _reason(result: OrchestrationResult) -> str:
    return getattr(result.details, "reason", None) or "the server gave no reason."
