"""The one writer of state: what creates runs, moves them, hands them out and keeps them alive."""

import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from windlass.clock import Clock
from windlass.exceptions import ApiError
from windlass.ids import uuid7
from windlass.schemas.executions import (
    ClaimedRun,
    RenewedLease,
    RenewRequest,
    RenewResponse,
    parse_execution_id,
)
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.schemas.orchestration import OrchestrationResult, SetStateStatus
from windlass.schemas.state_constructors import Scheduled
from windlass.schemas.states import State
from windlass_services.orchestration.answers import answer_to_flow_run, answer_to_task_run
from windlass_services.orchestration.claim_times import note_claim, note_transition
from windlass_services.orchestration.creation import (
    Making,
    Origin,
    RunFromDeployment,
    new_flow_run,
    new_run_from_deployment,
)
from windlass_services.orchestration.names import run_name
from windlass_services.orchestration.origins import Origins
from windlass_services.orchestration.policy import govern_task_run
from windlass_services.orchestration.run_parameters import hydrated_parameters
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.database import Database
from windlass_services.storage.hot.facts import Dispatch, FlowRunTransition
from windlass_services.storage.hot.protocol import Claim, CreatedFlowRun, NewFlowRun, Renewal
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_deliveries import is_delivered, schedule_delivery
from windlass_services.storage.task_run_transitions import (
    TaskRunDecision,
    lock_task_run_facts,
    write_task_run_decision,
)

_NAME_BITS = 32


class Orchestrator:
    """Decides by the rules, writes by the hot operations, then wakes the pools that got work.

    A lost wake-up costs time, never a run: whoever waits looks again by itself.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        terms: Terms,
        wake: Callable[[UUID], Awaitable[None]],
        wake_task_workers: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`wake` is told the id of a work pool, after the commit; `wake_task_workers`, the key of
        a task."""
        self._database = database
        self._origins = Origins(database, clock)
        self._clock = clock
        self._terms = terms
        self._wake = wake
        self._wake_task_workers = wake_task_workers

    async def create_flow_run(self, scope: Scope, wanted: FlowRunCreate) -> CreatedFlowRun:
        """Make a run as its client describes it. Raises `ObjectNotFound` for what it names."""
        origin = await self._origins.of_flow_run(scope, wanted)
        new = new_flow_run(wanted, origin, self._making(scope, self._clock()))
        return (await self.create_many(scope, [new]))[0]

    async def create_from_deployment(
        self, scope: Scope, deployment_id: UUID, asked: Sequence[RunFromDeployment]
    ) -> list[CreatedFlowRun]:
        """Make runs of one deployment, in one go.

        Raises `ObjectNotFound` for the deployment, `RequestInvalid` when parameters or job
        variables do not fit; then none of them is made.
        """
        queues = {one.wanted.work_queue_name for one in asked}
        origins = {
            queue: await self._origins.of_deployment(scope, deployment_id, queue)
            for queue in queues
        }
        now = self._clock()
        new: list[NewFlowRun] = []
        for one in asked:
            origin = origins[one.wanted.work_queue_name]
            hydrated = await self._hydrated(scope, one, origin)
            new.append(new_run_from_deployment(hydrated, origin, self._making(scope, now)))
        return await self.create_many(scope, new)

    async def create_many(self, scope: Scope, runs: Sequence[NewFlowRun]) -> list[CreatedFlowRun]:
        """Store runs; those whose idempotency key is known are answered with the stored ones."""
        if not runs:
            return []
        created = await self._database.hot.create_flow_runs(scope, runs)
        pools = {
            new.work_pool_id
            for new, made in zip(runs, created, strict=True)
            if made.created and isinstance(new.decision.dispatch, Dispatch)
        }
        for work_pool_id in pools:
            await self._wake_pool(work_pool_id)
        return created

    async def propose(self, scope: Scope, proposal: FlowRunTransition) -> OrchestrationResult:
        """Let the rules decide on a state of a flow run, and write what they decide.

        Raises `ObjectNotFound`, and `Superseded` when another execution than the proposer's owns
        the run.
        """
        own = _speaking_for_itself(proposal)
        outcome = await self._database.hot.transition(scope, own)
        note_transition(outcome)
        await self._wake_pool(outcome.work_pool_id)
        return answer_to_flow_run(own, outcome)

    async def propose_task_run(
        self,
        scope: Scope,
        task_run_id: UUID,
        state: State,
        *,
        force: bool,
        expected_state_id: UUID | None = None,
    ) -> OrchestrationResult:
        """The same for a task run that the server orchestrates. Raises `ObjectNotFound`.

        One that is scheduled for a task worker is handed out from then on. Nothing happens to a
        run that is in another state than the expected one.
        """
        now, task_key = self._clock(), None
        async with self._database.write() as connection:
            run = await lock_task_run_facts(connection, scope, task_run_id, state, now=now)
            if expected_state_id in (None, run.state and run.state.id):
                decision = govern_task_run(run, state, now, self._terms, forced=force)
            else:
                decision = TaskRunDecision(SetStateStatus.ABORT, None, "The run has moved on.")
            await write_task_run_decision(connection, scope, task_run_id, decision, now=now)
            if decision.state is not None and is_delivered(decision.state):
                task_key = await schedule_delivery(
                    connection, scope, task_run_id, decision.state, now=now
                )
        if task_key is not None and self._wake_task_workers is not None:
            await self._wake_task_workers(task_key)
        return answer_to_task_run(run, decision)

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        """Take runs that are due for a worker, without waiting. Raises `ObjectNotFound`."""
        asked = time.monotonic()
        claimed = await self._database.hot.claim(scope, claim)
        note_claim(claimed, time.monotonic() - asked)
        return claimed

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        """When the next run of these pools may be taken; None if there is none."""
        return await self._database.hot.next_due(work_pool_ids)

    async def hand_back(self, scope: Scope, claimed: ClaimedRun) -> None:
        """Undo a claim that did not reach its worker: the run may be taken again at once.

        One that has moved on meanwhile, or is gone, stays as it is. When the database does not
        answer, the start deadline undoes the claim.
        """
        state = claimed.flow_run.state
        was_due = state and state.state_details.scheduled_time
        proposal = FlowRunTransition(
            flow_run_id=claimed.flow_run.id,
            proposed=Scheduled(was_due, id=uuid7(), now=self._clock()),
            execution_id=claimed.execution_id,
            expected_state_id=claimed.flow_run.state_id,
        )
        try:
            await self.propose(scope, proposal)
        except ApiError:
            return

    async def renew(self, scope: Scope, request: RenewRequest) -> RenewResponse:
        """Extend the leases of live executions, and tell them what is wanted of them."""
        lease = self._terms.lease
        outcomes = await self._database.hot.renew(
            scope,
            [Renewal(renewal.execution_id) for renewal in request.renewals],
            self._clock(),
            lease,
        )
        return RenewResponse(
            leases=[
                RenewedLease(
                    execution_id=outcome.execution_id,
                    intent=outcome.intent,
                    lease_seconds=lease.total_seconds(),
                )
                for outcome in outcomes
            ]
        )

    async def _hydrated(
        self, scope: Scope, asked: RunFromDeployment, origin: Origin
    ) -> RunFromDeployment:
        """With the parameters themselves, those of the deployment too; schedules keep theirs."""
        if asked.schedule_id is not None or origin.deployment is None:
            return asked
        given = {**origin.deployment.parameters, **asked.wanted.parameters}
        parameters = await hydrated_parameters(self._database, scope, given, of="the flow run")
        if parameters is given:
            return asked
        wanted = asked.wanted.model_copy(update={"parameters": parameters})
        return replace(asked, wanted=wanted)

    async def _wake_pool(self, work_pool_id: UUID | None) -> None:
        if work_pool_id is not None:
            await self._wake(work_pool_id)

    def _making(self, scope: Scope, now: datetime) -> Making:
        return Making(
            run_id=uuid7(),
            state_id=uuid7(),
            random_name=run_name(secrets.randbits(_NAME_BITS)),
            now=now,
            terms=self._terms,
            actor=scope.actor,
        )


def _speaking_for_itself(proposal: FlowRunTransition) -> FlowRunTransition:
    """Without the execution of another run: a process speaks for the children that it calls, too.

    Stock clients send one header with every request of a process.
    """
    if proposal.execution_id is None:
        return proposal
    run_id, _ = parse_execution_id(proposal.execution_id)
    if run_id == proposal.flow_run_id:
        return proposal
    return replace(proposal, execution_id=None)
