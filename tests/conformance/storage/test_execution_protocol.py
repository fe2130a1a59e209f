"""What holds in a database whatever workers, processes, people and deadlines do, in any order.

The rules alone are walked on in `tests/unit/orchestration/test_invariants.py`. Here their decisions
are written, and read again, with what only a database has: leases, repeated questions, teardowns.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conformance.storage.world import SCOPE, Queue, SteppedClock, World
from windlass.exceptions import Superseded
from windlass.ids import uuid7
from windlass.schemas.executions import (
    ExecutionStarted,
    Handle,
    Intent,
    execution_id_of,
    parse_execution_id,
)
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.infrastructure_retry import InfrastructureFailure
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Cancelled
from windlass.schemas.states import TERMINAL_STATES, State, StateDetails, StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.scheduler.loops.expired_executions import verdict_on
from windlass_services.storage import executions, tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Claim, Renewal
from windlass_services.storage.open import open_database
from windlass_services.storage.overdue_runs import (
    read_expired_executions,
    read_overdue_cancellations,
)

T = TypeVar("T")
Rows: TypeAlias = list[dict[str, Any]]

RUNS: Final = 3
LIMIT: Final = 2
TERMS: Final = Terms()
PATIENCE: Final = timedelta(seconds=45)
"""Of who waits for a run that is being cancelled."""
BY_ITSELF: Final = (
    *(StateType.RUNNING, StateType.COMPLETED, StateType.FAILED, StateType.CRASHED),
    *(StateType.CANCELLED, StateType.PAUSED),
)
BY_OTHERS: Final = (
    StateType.PENDING,
    *(StateType.SCHEDULED, StateType.CRASHED, StateType.CANCELLING, StateType.CANCELLED),
    StateType.PAUSED,
)
"""A worker that polls, the scheduler, people. Not what only who ran the code can know: nothing is
torn down then."""
LATELY: Final = st.sampled_from([0, 0, 0, 1])
"""By how many generations who speaks is behind."""
NUMBERS: Final = st.integers(0, RUNS - 1)


class Protocol(RuleBasedStateMachine):
    """Three runs of a deployment with two slots, in a database."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        super().__init__()
        self.runner = runner
        self.world = world
        self.clock = world.clock
        self.hot = world.database.hot
        self.claims: list[tuple[Claim, set[str]]] = []
        self.proposals: list[FlowRunTransition] = []
        self.told: dict[int, str] = {}
        self.leases: dict[str, datetime] = {}
        self.entered = Counter[str]()
        self.ended_themselves: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.queue: Queue = self._do(self.world.queue())
        self.deployment: UUID = self._do(self.world.deployment(limit=LIMIT))
        self.runs = [self._do(self._create()).id for _ in range(RUNS)]

    def teardown(self) -> None:
        """The next machine begins with no live execution but its own."""
        for row in self._live():
            self._do(self.world.propose(row["flow_run_id"], StateType.CANCELLED))

    @rule(limit=st.integers(1, RUNS))
    def a_worker_claims(self, limit: int) -> None:
        claim = self.world.claim_of(self.queue.work_pool_id, limit=limit)
        self.claims.append((claim, self._claim(claim)))

    @precondition(lambda self: self.claims)
    @rule()
    def it_repeats_its_question(self) -> None:
        claim, answered = self.claims[-1]
        live = {row["id"] for row in self._live()}
        again = self._claim(replace(claim, due_before=self.clock()))
        if answered:
            assert again == answered & live
        self.claims[-1] = (claim, answered or again)

    @rule(begins=st.booleans())
    def a_worker_claims_and_starts(self, begins: bool) -> None:
        self.a_worker_claims(RUNS)
        handle = Handle(kind="process", version=1, data={"pid": 7})
        for number in range(RUNS):
            owner = self._owner(number)
            if owner is not None and owner["handle"] is None:
                self._do(self._record(ExecutionStarted(execution_id=owner["id"], handle=handle)))
                if begins:
                    self._propose(number, StateType.RUNNING, execution_id=owner["id"], leased=True)

    @rule(number=NUMBERS, back=LATELY, type=st.sampled_from(BY_ITSELF))
    def an_execution_says(self, number: int, back: int, type: StateType) -> None:
        newest = self._newest(number)
        if newest is not None and newest["generation"] > back:
            speaker = execution_id_of(self.runs[number], newest["generation"] - back)
            self._propose(number, type, execution_id=speaker, leased=True)

    @rule(number=NUMBERS)
    def a_poll_tells_of_it(self, number: int) -> None:
        newest = self._newest(number)
        generation = 0 if newest is None else newest["generation"]
        self.told[number] = execution_id_of(self.runs[number], generation + 1)

    @precondition(lambda self: self.told)
    @rule(number=NUMBERS)
    def what_a_poll_told_of_it_presents_itself(self, number: int) -> None:
        if number in self.told:
            self._propose(number, StateType.RUNNING, execution_id=self.told[number])

    @rule(number=NUMBERS, type=st.sampled_from(BY_OTHERS))
    def somebody_else_says(self, number: int, type: StateType) -> None:
        self._propose(number, type)

    @precondition(lambda self: self.proposals)
    @rule(back=st.integers(1, 3))
    def a_proposal_comes_again(self, back: int) -> None:
        again = self.proposals[-min(back, len(self.proposals))]
        before = self._run(again.flow_run_id)
        self._send(again)
        details = StateDetails.model_validate(before["state_details"] or {})
        if details.transition_id == again.proposed.state_details.transition_id:
            assert self._run(again.flow_run_id)["state_id"] == before["state_id"]

    @rule(number=NUMBERS, back=LATELY)
    def an_execution_renews(self, number: int, back: int) -> None:
        newest = self._newest(number)
        if newest is None or newest["presented_at"] is None or newest["generation"] <= back:
            return
        id = execution_id_of(self.runs[number], newest["generation"] - back)
        renewed = self.hot.renew(SCOPE, [Renewal(id)], self.clock(), TERMS.lease)
        [outcome] = self._do(renewed)
        is_owner = back == 0 and newest["ended_at"] is None
        # Who was suspended behind its back hears so, and may as little go on as who was stopped.
        assert (outcome.intent in (Intent.STOP, Intent.SUSPEND)) == (not is_owner)
        if is_owner:
            self.leases[id] = self.clock() + TERMS.lease

    @rule(seconds=st.sampled_from([1, 10, 20, 50, 70]))
    def time_passes(self, seconds: int) -> None:
        """And the scheduler looks."""
        self.clock.step(seconds)
        for execution in self._do(self._read_expired()):
            if execution.was_presented:
                assert self.leases[execution.execution_id] <= self.clock()
            verdict = verdict_on(execution, now=self.clock(), behind=self.clock())
            self._duty(execution.flow_run_id, execution.state_id, verdict)
        for run in self._do(self._read_cancelled()):
            self._duty(run.flow_run_id, run.state_id, Cancelled())
        assert self._do(self._read_expired()) == []

    @invariant()
    def all_of_it_holds(self) -> None:
        runs = self._rows(tables.flow_run)
        executions = self._rows(tables.execution)
        owner_of = {row["flow_run_id"]: row["id"] for row in executions if not row["ended_at"]}
        self._nobody_owns_what_is_not_theirs(runs, executions, owner_of)
        self._only_a_scheduled_run_that_nobody_owns_is_handed_out(runs, owner_of)
        self._an_execution_begins_once_and_ends_its_run_once()
        self._what_was_started_and_ended_behind_its_back_is_torn_down(executions)

    def _nobody_owns_what_is_not_theirs(
        self, runs: Rows, executions: Rows, owner_of: dict[UUID, str]
    ) -> None:
        live = [row for row in executions if not row["ended_at"]]
        assert len(live) == len(owner_of) <= LIMIT
        for row in live:
            assert row["lease_expires_at"] == self.leases.get(row["id"])
        for run in runs:
            owner = owner_of.get(run["id"])
            assert owner in (None, run["execution_id"])
            assert owner is None or run["state_type"] not in TERMINAL_STATES

    def _only_a_scheduled_run_that_nobody_owns_is_handed_out(
        self, runs: Rows, owner_of: dict[UUID, str]
    ) -> None:
        handed_out = {row["flow_run_id"] for row in self._rows(tables.dispatchable)}
        for run in runs:
            waits = run["state_type"] == StateType.SCHEDULED and run["id"] not in owner_of
            assert (run["id"] in handed_out) == waits

    def _an_execution_begins_once_and_ends_its_run_once(self) -> None:
        assert all(count == 1 for count in self.entered.values())
        states = self._rows(tables.flow_run_state)
        ends = Counter(row["execution_id"] for row in states if row["type"] in TERMINAL_STATES)
        assert all(count == 1 for id, count in ends.items() if id is not None)

    def _what_was_started_and_ended_behind_its_back_is_torn_down(self, executions: Rows) -> None:
        noted = {row["execution_id"] for row in self._rows(tables.teardown)}
        for row in executions:
            is_left = row["ended_at"] and row["handle"] and row["id"] not in self.ended_themselves
            assert (row["id"] in noted) == bool(is_left)

    async def _create(self) -> FlowRun:
        queue, deployment = self.queue, self.deployment
        return await self.world.create(
            StateType.SCHEDULED, queue=queue, deployment_id=deployment, due_in=-1
        )

    def _claim(self, claim: Claim) -> set[str]:
        return {run.execution_id for run in self._do(self.hot.claim(SCOPE, claim))}

    def _propose(self, number: int, type: StateType, **fields: Any) -> None:
        due = self.clock() if type is StateType.SCHEDULED else None
        is_paused = type is StateType.PAUSED
        details = StateDetails(
            transition_id=uuid7(), scheduled_time=due, pause_reschedule=is_paused
        )
        state = self.world.state(type, state_details=details)
        proposal = FlowRunTransition(self.runs[number], state, **fields)
        self.proposals.append(proposal)
        self._send(proposal)

    def _duty(self, flow_run_id: UUID, seen: UUID, verdict: State) -> None:
        lost = InfrastructureFailure.LOST
        proposal = FlowRunTransition(flow_run_id, verdict, expected_state_id=seen, failure=lost)
        self._send(proposal)

    def _send(self, proposal: FlowRunTransition) -> None:
        """Propose it as something new: a state has its own id, and the moment it is sent at."""
        entered = {"id": uuid7(), "timestamp": self.clock()}
        state = proposal.proposed.model_copy(update=entered)
        speaker = proposal.execution_id or ""
        live = {row["id"] for row in self._live()}
        try:
            outcome = self._do(self.hot.transition(SCOPE, replace(proposal, proposed=state)))
        except Superseded:
            assert speaker not in live
            return
        now_live = {row["id"] for row in self._live()}
        self.ended_themselves |= {speaker} & (live - now_live)
        accepted = outcome.decision.status is SetStateStatus.ACCEPT
        if accepted and state.type is StateType.RUNNING and outcome.decision.execution is not None:
            assert outcome.execution_id == speaker
            self.entered[speaker] += 1
            if proposal.leased:
                self.leases[speaker] = self.clock() + TERMS.lease

    def _live(self) -> Rows:
        return [row for row in self._rows(tables.execution) if row["ended_at"] is None]

    def _owner(self, number: int) -> dict[str, Any] | None:
        newest = self._newest(number)
        return None if newest is None or newest["ended_at"] else newest

    def _newest(self, number: int) -> dict[str, Any] | None:
        mine = [r for r in self._rows(tables.execution) if r["flow_run_id"] == self.runs[number]]
        return max(mine, key=lambda row: parse_execution_id(row["id"])[1], default=None)

    def _run(self, id: UUID) -> dict[str, Any]:
        return next(run for run in self._rows(tables.flow_run) if run["id"] == id)

    def _rows(self, table: Any) -> Rows:
        """Those of this machine's runs: others were in the database before."""
        column = table.c.id if table is tables.flow_run else table.c.flow_run_id
        return self._do(self.world.rows(table, column.in_(self.runs)))

    async def _record(self, said: ExecutionStarted) -> None:
        async with self.world.database.write() as connection:
            await executions.record_started(connection, SCOPE, said, now=self.clock())

    async def _read_expired(self) -> list[Any]:
        async with self.world.database.read() as connection:
            return await read_expired_executions(connection, now=self.clock(), limit=RUNS)

    async def _read_cancelled(self) -> list[Any]:
        async with self.world.database.read() as connection:
            before = self.clock() - PATIENCE
            return await read_overdue_cancellations(
                connection, SCOPE, cancelled_before=before, limit=RUNS
            )

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


def test_in_any_order(sqlite_url: str) -> None:
    clock = SteppedClock()
    with asyncio.Runner() as runner:
        opening = open_database(sqlite_url, govern=make_govern(TERMS), clock=clock)
        database = runner.run(opening)
        world = World(database, clock)
        runner.run(world.flow())

        class InDatabase(Protocol):
            def __init__(self) -> None:
                super().__init__(runner, world)

        try:
            run_state_machine_as_test(
                InDatabase,
                settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
            )
        finally:
            runner.run(database.close())
