"""What a run looks like to a decision, and the decision: pure, the same for both dialects."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from windlass.exceptions import Superseded
from windlass.schemas.executions import execution_id_of
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.infrastructure_retry import InfrastructureRetry
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateType
from windlass_services.storage.hot.codec import Row
from windlass_services.storage.hot.facts import (
    Decision,
    DeploymentFacts,
    Dispatch,
    EndExecution,
    ExecutionFacts,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
)
from windlass_services.storage.hot.protocol import Govern, TransitionOutcome
from windlass_services.storage.run_rows import state_from_row
from windlass_services.storage.tables import deployment, execution, flow_run, work_pool

FACT_COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(
    flow_run.c[name]
    for name in (
        *("id", "workspace_id", "flow_id", "deployment_id", "work_pool_id", "work_queue_id"),
        *("parent_task_run_id", "name", "state_id", "state_type", "state_name", "state_timestamp"),
        *("state_message", "state_details", "state_data", "empirical_policy", "run_count"),
        *("expected_start_time", "next_scheduled_start_time", "start_time", "end_time"),
        *("total_run_time", "infrastructure_pid", "run_priority"),
    )
)
FACT_EXECUTION_COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(
    execution.c[name] for name in ("id", "generation", "leased", "presented_at", "ended_at")
)
FACT_DEPLOYMENT_COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(
    deployment.c[name]
    for name in ("id", "concurrency_limit", "concurrency_options", "infrastructure_retry")
)
FACT_POOL_COLUMNS: Final[tuple[sa.Column[Any], ...]] = (work_pool.c.infrastructure_retry,)
EXECUTION_PREFIX: Final = "execution__"
DEPLOYMENT_PREFIX: Final = "deployment__"
POOL_PREFIX: Final = "pool__"
LIVE_EXECUTIONS: Final = "live_executions"
VERSION: Final = "version"


def facts_from_row(row: Mapping[str, Any]) -> FlowRunFacts:
    """The facts in a decoded row of the fact columns (executions and deployments prefixed)."""
    return FlowRunFacts(
        id=row["id"],
        flow_id=row["flow_id"],
        deployment_id=row["deployment_id"],
        work_pool_id=row["work_pool_id"],
        work_queue_id=row["work_queue_id"],
        parent_task_run_id=row["parent_task_run_id"],
        name=row["name"],
        state=state_from_row(row),
        empirical_policy=row["empirical_policy"],
        run_count=row["run_count"],
        expected_start_time=row["expected_start_time"],
        next_scheduled_start_time=row["next_scheduled_start_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        total_run_time=row["total_run_time"],
        infrastructure_pid=row["infrastructure_pid"],
        run_priority=row["run_priority"],
        execution=_execution_facts(row),
        deployment=_deployment_facts(row),
        infrastructure_retry=infrastructure_retry_from_row(row),
        version=row[VERSION],
    )


def facts_of_new_run(run: FlowRun, work_pool_id: UUID | None) -> FlowRunFacts:
    """The facts of a run that is about to be stored."""
    return FlowRunFacts(
        id=run.id,
        flow_id=run.flow_id,
        deployment_id=run.deployment_id,
        work_pool_id=work_pool_id,
        work_queue_id=run.work_queue_id,
        parent_task_run_id=run.parent_task_run_id,
        name=run.name,
        state=run.state,
        empirical_policy=run.empirical_policy.model_dump(mode="json"),
        run_count=run.run_count,
        expected_start_time=run.expected_start_time,
        next_scheduled_start_time=run.next_scheduled_start_time,
        start_time=run.start_time,
        end_time=run.end_time,
        total_run_time=run.total_run_time.total_seconds(),
        infrastructure_pid=run.infrastructure_pid,
        run_priority=run.run_priority,
        execution=None,
        deployment=None,
    )


def _execution_facts(row: Mapping[str, Any]) -> ExecutionFacts | None:
    if row[EXECUTION_PREFIX + "id"] is None:
        return None
    return ExecutionFacts(
        **{column.name: row[EXECUTION_PREFIX + column.name] for column in FACT_EXECUTION_COLUMNS}
    )


def _deployment_facts(row: Mapping[str, Any]) -> DeploymentFacts | None:
    if row[DEPLOYMENT_PREFIX + "id"] is None:
        return None
    options: Row = row[DEPLOYMENT_PREFIX + "concurrency_options"] or {}
    grace = options.get("grace_period_seconds")
    return DeploymentFacts(
        id=row[DEPLOYMENT_PREFIX + "id"],
        concurrency_limit=row[DEPLOYMENT_PREFIX + "concurrency_limit"],
        collision_strategy=options.get("collision_strategy"),
        live_executions=row[LIVE_EXECUTIONS],
        grace_period=None if grace is None else timedelta(seconds=grace),
    )


def infrastructure_retry_from_row(row: Mapping[str, Any]) -> InfrastructureRetry | None:
    """The deployment has the last word, which may be that there are no retries."""
    of_deployment = row[DEPLOYMENT_PREFIX + "infrastructure_retry"]
    said = of_deployment or row[POOL_PREFIX + "infrastructure_retry"]
    return InfrastructureRetry.model_validate(said) if said else None


def may_take_slot(proposed: State) -> bool:
    """Whether this proposal can open an execution, and so needs the deployment's lock."""
    return proposed.type in (StateType.PENDING, StateType.RUNNING)


def needs_deployment_lock(run: FlowRunFacts, proposal: FlowRunTransition) -> bool:
    """Whether deciding this means counting the live executions of a limited deployment."""
    return (
        may_take_slot(proposal.proposed)
        and not (run.execution and run.execution.is_live)
        and run.deployment is not None
        and run.deployment.concurrency_limit is not None
    )


def decide(
    run: FlowRunFacts, proposal: FlowRunTransition, now: datetime, govern: Govern
) -> Decision:
    """The decision on a proposal whose maker may make one. Raises `Superseded`."""
    owner = run.execution if run.execution and run.execution.is_live else None
    if owner and proposal.execution_id is not None and proposal.execution_id != owner.id:
        raise Superseded(
            f"Execution {owner.id} owns flow run {run.id} now; {proposal.execution_id} must stop."
        )
    current = run.state.id if run.state else None
    if proposal.expected_state_id is not None and proposal.expected_state_id != current:
        return Decision(SetStateStatus.ABORT, None, reason="The state of the run has changed.")
    return govern(run, proposal, now)


def slots_taken(run: FlowRunFacts, decision: Decision) -> int:
    """By how much the decision changes the number of live executions: -1, 0 or 1."""
    was_live = bool(run.execution and run.execution.is_live)
    match decision.execution:
        case OpenExecution():
            return 0 if was_live else 1
        case EndExecution():
            return -1 if was_live else 0
        case _:
            return 0


def freed_slot_of(run: FlowRunFacts, decision: Decision) -> UUID | None:
    """The limited deployment of which a slot becomes free, if one does."""
    of = run.deployment
    if of is None or of.concurrency_limit is None or slots_taken(run, decision) >= 0:
        return None
    return of.id


def outcome_of(run: FlowRunFacts, decision: Decision) -> TransitionOutcome:
    """What the proposer is told once the decision is written."""
    owner = run.execution.id if run.execution else None
    if isinstance(decision.execution, OpenExecution):
        owner = execution_id_of(run.id, next_generation(run))
    return TransitionOutcome(
        decision=decision,
        state=decision.passed or decision.state or run.state,
        execution_id=owner,
        work_pool_id=run.work_pool_id if _may_start_a_run(run, decision) else None,
    )


def _may_start_a_run(run: FlowRunFacts, decision: Decision) -> bool:
    """This one became dispatchable, or left a slot for which another may be waiting."""
    return isinstance(decision.dispatch, Dispatch) or slots_taken(run, decision) < 0


def next_generation(run: FlowRunFacts) -> int:
    """The generation of the execution that would open now."""
    return (run.execution.generation if run.execution else 0) + 1


class Slots:
    """The live executions of deployments, kept up to date while a batch is decided in order."""

    def __init__(self) -> None:
        self._changes: dict[UUID, int] = {}

    def as_of_now(self, run: FlowRunFacts) -> FlowRunFacts:
        """The facts with what the decisions before took and released."""
        of = run.deployment
        change = self._changes.get(of.id, 0) if of else 0
        if of is None or not change:
            return run
        return replace(run, deployment=replace(of, live_executions=of.live_executions + change))

    def note(self, run: FlowRunFacts, decision: Decision) -> None:
        """Keep what this decision takes or releases."""
        if run.deployment is not None:
            id = run.deployment.id
            self._changes[id] = self._changes.get(id, 0) + slots_taken(run, decision)
