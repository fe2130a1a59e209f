"""The effects that ask the server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from windlass.engine.effects import Effect
from windlass.engine.ports import Orchestration, Proposal
from windlass.engine.session import Session
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunUpdate
from windlass.schemas.orchestration import OrchestrationResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask(Effect[T]):
    """Whatever the server answers to a question that has no effect of its own."""

    question: Callable[[Orchestration], T]
    blocks = True

    def perform(self, session: Session) -> T:
        return self.question(session.orchestration)


@dataclass(frozen=True, slots=True)
class FindFlow(Effect[UUID]):
    """The flow of that name, created if need be."""

    name: str
    blocks = True

    def perform(self, session: Session) -> UUID:
        return session.orchestration.flow_id(self.name)


@dataclass(frozen=True, slots=True)
class CreateFlowRun(Effect[FlowRun]):
    """A new flow run."""

    run: FlowRunCreate
    blocks = True

    def perform(self, session: Session) -> FlowRun:
        return session.orchestration.create_flow_run(self.run)


@dataclass(frozen=True, slots=True)
class UpdateFlowRun(Effect[None]):
    """Changes a flow run."""

    flow_run_id: UUID
    update: FlowRunUpdate
    blocks = True

    def perform(self, session: Session) -> None:
        session.orchestration.update_flow_run(self.flow_run_id, self.update)


@dataclass(frozen=True, slots=True)
class Propose(Effect[OrchestrationResult]):
    """Asks whether a flow run may enter a state."""

    proposal: Proposal
    blocks = True

    def perform(self, session: Session) -> OrchestrationResult:
        return session.orchestration.propose_flow_run_state(self.proposal)
