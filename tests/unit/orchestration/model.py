"""Runs in memory that take decisions as a database would: tests of pure decisions walk on them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tests.unit.orchestration.sightings import Sight
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.executions import execution_id_of
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.states import State, StateCreate
from windlass.schemas.task_runs import TaskRunPolicy
from windlass_services.orchestration.policy import govern_flow_run, govern_task_run
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.hot.facts import (
    Decision,
    DeploymentFacts,
    Dispatch,
    EndExecution,
    ExecutionFacts,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
    Policy,
    PresentExecution,
    Withdraw,
)
from windlass_services.storage.task_run_transitions import TaskRunDecision, TaskRunFacts

TERMS: Final = Terms()
_STEP: Final = timedelta(milliseconds=1)


def flow_run_facts(**known: Any) -> FlowRunFacts:
    """A flow run that nothing is known of but `known`."""
    unknown: dict[str, Any] = {
        "id": uuid7(),
        "flow_id": uuid7(),
        "deployment_id": None,
        "work_pool_id": None,
        "work_queue_id": None,
        "parent_task_run_id": None,
        "name": "run",
        "state": None,
        "empirical_policy": FlowRunPolicy().model_dump(mode="json"),
        "run_count": 0,
        "expected_start_time": None,
        "next_scheduled_start_time": None,
        "start_time": None,
        "end_time": None,
        "total_run_time": 0.0,
        "infrastructure_pid": None,
        "run_priority": 0,
        "execution": None,
        "deployment": None,
    }
    return FlowRunFacts(**unknown | known)


def task_run_facts(**known: Any) -> TaskRunFacts:
    """A task run that nothing is known of but `known`."""
    unknown: dict[str, Any] = {
        "id": uuid7(),
        "flow_run_id": None,
        "flow_run_state": None,
        "flow_run_count": None,
        "tags": (),
        "state": None,
        "empirical_policy": TaskRunPolicy().model_dump(mode="json"),
        "run_count": 0,
        "flow_run_run_count": 0,
        "expected_start_time": None,
        "next_scheduled_start_time": None,
        "start_time": None,
        "end_time": None,
        "total_run_time": 0.0,
        "tag_limits": {},
        "tag_slots_taken": {},
        "cached": None,
    }
    return TaskRunFacts(**unknown | known)


def deployment_facts(**known: Any) -> DeploymentFacts:
    """A deployment without a limit, unless `known` says otherwise."""
    unknown: dict[str, Any] = {
        "id": uuid7(),
        "concurrency_limit": None,
        "collision_strategy": None,
        "live_executions": 0,
    }
    return DeploymentFacts(**unknown | known)


@dataclass(slots=True)
class ModelFlowRun:
    """A flow run, its executions, and whether a worker may be given it."""

    facts: FlowRunFacts
    now: datetime = field(default_factory=utc_now)
    dispatched: Dispatch | None = None
    ended: list[str] = field(default_factory=list[str])

    def propose(self, wanted: StateCreate | State, **how: Any) -> Decision:
        """Decide on a state and take the decision. `how`: fields of `FlowRunTransition`."""
        self.now += _STEP
        state = _entered(wanted, self.now)
        proposal = FlowRunTransition(self.facts.id, state, **how)
        decision = govern_flow_run(self.facts, proposal, self.now, TERMS)
        self.take(decision)
        return decision

    def force(self, wanted: StateCreate | State) -> Decision:
        """As `propose`, by force."""
        return self.propose(wanted, policy=Policy.FORCED)

    def take(self, decision: Decision) -> None:
        """Become what the decision says."""
        if decision.state is None or decision.columns is None:
            return
        columns = decision.columns
        self.facts = replace(
            self.facts,
            state=decision.state,
            run_count=columns.run_count,
            expected_start_time=columns.expected_start_time,
            next_scheduled_start_time=columns.next_scheduled_start_time,
            start_time=columns.start_time,
            end_time=columns.end_time,
            total_run_time=columns.total_run_time,
            empirical_policy=columns.empirical_policy,
            execution=self._execution_after(decision),
        )
        match decision.dispatch:
            case Dispatch() as dispatch:
                self.dispatched = dispatch
            case Withdraw():
                self.dispatched = None
            case None:
                pass

    def sight(self) -> Sight:
        """What can be seen of the run from outside."""
        run = self.facts
        return Sight(
            run.state,
            run.run_count,
            run.start_time,
            run.end_time,
            run.next_scheduled_start_time,
            run.empirical_policy,
        )

    @property
    def live(self) -> ExecutionFacts | None:
        """The execution that owns the run."""
        execution = self.facts.execution
        return execution if execution is not None and execution.is_live else None

    def _execution_after(self, decision: Decision) -> ExecutionFacts | None:
        newest = self.facts.execution
        match decision.execution:
            case OpenExecution(opened_at=opened_at, presented=presented, leased=leased):
                if self.live is not None:
                    self.ended.append(self.live.id)
                generation = 1 if newest is None else newest.generation + 1
                id = execution_id_of(self.facts.id, generation)
                return ExecutionFacts(
                    id, generation, leased, opened_at if presented else None, None
                )
            case PresentExecution(presented_at=presented_at, leased=leased):
                assert self.live is not None, "there is nothing to present"
                return replace(self.live, presented_at=presented_at, leased=leased)
            case EndExecution(ended_at=ended_at):
                assert self.live is not None, "there is nothing to end"
                self.ended.append(self.live.id)
                return replace(self.live, ended_at=ended_at)
            case None:
                return newest


@dataclass(slots=True)
class ModelTaskRun:
    """A task run; `known_results` are the states in the cache, by their key."""

    facts: TaskRunFacts
    now: datetime = field(default_factory=utc_now)
    known_results: dict[str, State] = field(default_factory=dict[str, State])

    def propose(self, wanted: StateCreate | State, *, forced: bool = False) -> TaskRunDecision:
        """Decide on a state and take the decision."""
        self.now += _STEP
        state = _entered(wanted, self.now)
        cached = self.known_results.get(state.state_details.cache_key or "")
        facts = replace(self.facts, cached=cached)
        decision = govern_task_run(facts, state, self.now, TERMS, forced=forced)
        if decision.state is not None and decision.columns is not None:
            columns = {name: getattr(decision.columns, name) for name in _TASK_RUN_COLUMNS}
            self.facts = replace(self.facts, state=decision.state, **columns)
        return decision

    def sight(self) -> Sight:
        """What can be seen of the run from outside."""
        run = self.facts
        return Sight(
            run.state,
            run.run_count,
            run.start_time,
            run.end_time,
            run.next_scheduled_start_time,
            run.empirical_policy,
        )


def _entered(wanted: StateCreate | State, now: datetime) -> State:
    """The state as a server proposes it to the rules: with an id of its own, at this moment."""
    if isinstance(wanted, StateCreate):
        return wanted.to_state(uuid7(), now)
    return wanted.model_copy(update={"id": uuid7(), "timestamp": now})


_TASK_RUN_COLUMNS: Final = (
    *("run_count", "flow_run_run_count", "expected_start_time", "next_scheduled_start_time"),
    *("start_time", "end_time", "total_run_time"),
)
SOME_POOL: Final = UUID(int=1)
SOME_QUEUE: Final = UUID(int=2)
SOME_DEPLOYMENT: Final = UUID(int=3)
