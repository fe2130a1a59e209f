"""What holds whatever users, workers, processes and services do, in any order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.orchestration.model import (
    SOME_DEPLOYMENT,
    SOME_POOL,
    SOME_QUEUE,
    TERMS,
    ModelFlowRun,
    deployment_facts,
    flow_run_facts,
)
from windlass.exceptions import Superseded
from windlass.ids import uuid7
from windlass.schemas.executions import execution_id_of
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.infrastructure_retry import InfrastructureRetry
from windlass.schemas.state_constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Running,
    Scheduled,
    Suspended,
)
from windlass.schemas.states import State
from windlass_services.orchestration.bookkeeping import (
    infrastructure_retries_of,
    lost_attempts_of,
)
from windlass_services.orchestration.policy import make_govern
from windlass_services.storage.hot.decide import decide
from windlass_services.storage.hot.facts import EndExecution, FlowRunTransition, Policy

StateOf: TypeAlias = Callable[[], State]

LIMIT: Final = 2
MOST_RETRIES: Final = 2
REPORTS: Final[tuple[StateOf, ...]] = (
    *(Running, Completed, Failed, Crashed, Cancelled, Cancelling, Paused, Suspended),
)
BY_HAND: Final[tuple[StateOf, ...]] = (
    *(Scheduled, Running, Cancelling, Cancelled, Completed, Failed, Paused, Suspended),
)
FORCED: Final[tuple[StateOf, ...]] = (Scheduled, Completed, Failed, Crashed, Cancelled, Cancelling)
"""Not PENDING and RUNNING: who forces those takes a slot that is not there."""


class Control(RuleBasedStateMachine):
    """Four runs of a deployment with two slots, and everyone who has a say in them."""

    @initialize(
        strategy=st.sampled_from(["ENQUEUE", "CANCEL_NEW", None]),
        retry=st.sampled_from([None, InfrastructureRetry(max_retries=MOST_RETRIES)]),
    )
    def begin(self, strategy: str | None, retry: InfrastructureRetry | None) -> None:
        policy = FlowRunPolicy(retries=1, retry_delay=0).model_dump(mode="json")
        limited = deployment_facts(concurrency_limit=LIMIT, collision_strategy=strategy)
        self.ends = Counter[str]()
        self.runs = [
            ModelFlowRun(
                flow_run_facts(
                    deployment_id=SOME_DEPLOYMENT,
                    deployment=limited,
                    work_pool_id=SOME_POOL,
                    work_queue_id=SOME_QUEUE,
                    empirical_policy=policy,
                    infrastructure_retry=retry,
                )
            )
            for _ in range(4)
        ]
        for run in self.runs:
            run.force(Scheduled())

    @rule(number=st.integers(0, 3))
    def a_worker_claims(self, number: int) -> None:
        if self.runs[number].dispatched is not None:
            self._propose_without_user(number, Pending())

    @rule(number=st.integers(0, 3))
    def a_runner_takes(self, number: int) -> None:
        self._propose_without_user(number, Pending())

    @rule(number=st.integers(0, 3), back=st.integers(0, 2), report=st.sampled_from(REPORTS))
    def an_execution_reports(self, number: int, back: int, report: StateOf) -> None:
        run = self.runs[number]
        newest = run.facts.execution
        if newest is not None and newest.generation > back:
            speaker = execution_id_of(run.facts.id, newest.generation - back)
            self._propose_without_user(number, report(), execution_id=speaker)

    @rule(number=st.integers(0, 3), policy=st.sampled_from([Policy.CORE, Policy.FORCED]))
    def its_infrastructure_is_gone(self, number: int, policy: Policy) -> None:
        self._propose_without_user(number, Crashed(), policy=policy)

    @rule(number=st.integers(0, 3), begins=st.booleans())
    def a_machine_takes_it_and_dies(self, number: int, begins: bool) -> None:
        self.a_worker_claims(number)
        live = self.runs[number].live
        if live is not None and begins:
            self._propose_without_user(number, Running(), execution_id=live.id)
        self._propose_without_user(number, Crashed())

    @rule(number=st.integers(0, 3))
    def it_is_late(self, number: int) -> None:
        self._propose_without_user(number, Late(), policy=Policy.LATE)

    @rule(number=st.integers(0, 3))
    def a_deadline_passes(self, number: int) -> None:
        live = self.runs[number].live
        if live is not None:
            lost = Scheduled() if live.presented_at is None else Crashed()
            self._propose_without_user(number, lost)

    @rule(number=st.integers(0, 3), wanted=st.sampled_from(BY_HAND))
    def a_person_asks(self, number: int, wanted: StateOf) -> None:
        self._propose(number, wanted())

    @rule(number=st.integers(0, 3), wanted=st.sampled_from(FORCED))
    def a_person_forces(self, number: int, wanted: StateOf) -> None:
        self._propose(number, wanted(), policy=Policy.FORCED)

    @invariant()
    def slots_are_never_above_the_limit(self) -> None:
        assert self._slots() <= LIMIT

    @invariant()
    def only_a_scheduled_run_that_nobody_owns_is_handed_out(self) -> None:
        for run in self.runs:
            assert run.facts.state is not None
            waits = run.facts.state.is_scheduled() and run.live is None
            assert (run.dispatched is not None) == waits

    @invariant()
    def nobody_owns_a_run_that_ended(self) -> None:
        for run in self.runs:
            assert run.facts.state is not None
            assert run.live is None or not run.facts.state.is_final()

    @invariant()
    def every_execution_is_the_live_one_or_ended_once(self) -> None:
        for run in self.runs:
            opened = run.facts.execution.generation if run.facts.execution else 0
            assert len(set(run.ended)) == len(run.ended)
            assert len(run.ended) + (run.live is not None) == opened

    @invariant()
    def an_execution_ends_its_run_once(self) -> None:
        assert all(count == 1 for count in self.ends.values())

    @invariant()
    def infrastructure_is_retried_as_often_as_was_asked_for(self) -> None:
        assert all(infrastructure_retries_of(run.facts) <= MOST_RETRIES for run in self.runs)

    @invariant()
    def an_attempt_that_was_lost_is_no_attempt_of_the_code(self) -> None:
        for run in self.runs:
            assert 0 <= lost_attempts_of(run.facts) <= infrastructure_retries_of(run.facts)
            assert lost_attempts_of(run.facts) <= run.facts.run_count

    def _propose_without_user(self, number: int, wanted: State, **how: object) -> None:
        before = self.runs[number].facts.state
        self._propose(number, wanted, **how)
        assert before is not None
        assert not before.is_final() or self.runs[number].facts.state == before

    def _propose(self, number: int, wanted: State, **how: object) -> None:
        run = self.runs[number]
        run.now += timedelta(seconds=1)
        run.facts = replace(run.facts, deployment=self._deployment(run))
        state = wanted.model_copy(update={"id": uuid7(), "timestamp": run.now})
        proposal = replace(FlowRunTransition(run.facts.id, state), **how)
        try:
            decision = decide(run.facts, proposal, run.now, make_govern(TERMS))
        except Superseded:
            return
        owner = run.live
        run.take(decision)
        ended = isinstance(decision.execution, EndExecution)
        final = decision.passed or decision.state
        if owner is not None and ended and final and final.is_final():
            self.ends[owner.id] += 1

    def _deployment(self, run: ModelFlowRun) -> object:
        assert run.facts.deployment is not None
        return replace(run.facts.deployment, live_executions=self._slots())

    def _slots(self) -> int:
        return sum(run.live is not None for run in self.runs)


TestControl = Control.TestCase
TestControl.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
