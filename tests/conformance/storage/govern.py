"""A policy simple enough to foresee: the real one has tests of its own."""

from datetime import datetime, timedelta

from windlass.ids import uuid7
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage.hot.facts import (
    Decision,
    Dispatch,
    EndExecution,
    ExecutionWrite,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
    PresentExecution,
    RunColumns,
    Withdraw,
)

LEASE = timedelta(seconds=30)
SLOT_WAIT = timedelta(seconds=30)
EXPLODES = "Explodes"
"""The name of a state whose decision raises."""
WAITS = "Waits"
"""The name of a state that is never entered."""


def plain_govern(run: FlowRunFacts, proposal: FlowRunTransition, now: datetime) -> Decision:
    """Accept everything but the two names above, and what a deployment has no slot for."""
    state = proposal.proposed
    if state.name == EXPLODES:
        raise ArithmeticError(f"The decision on {run.name} exploded.")
    if WAITS in (state.name, run.name):
        return Decision(SetStateStatus.WAIT, None, reason="Not yet.", retry_after=5)
    if _needs_slot(run, state) and _is_full(run):
        return _put_off(run, now)
    return Decision(
        SetStateStatus.ACCEPT,
        state,
        columns=_columns(run, state, now),
        execution=_execution(run, state, now),
        dispatch=_dispatch(run, state),
    )


def _needs_slot(run: FlowRunFacts, state: State) -> bool:
    takes = state.type in (StateType.PENDING, StateType.RUNNING)
    return takes and not (run.execution and run.execution.is_live)


def _is_full(run: FlowRunFacts) -> bool:
    limit = run.deployment.concurrency_limit if run.deployment else None
    return (
        run.deployment is not None
        and limit is not None
        and (run.deployment.live_executions >= limit)
    )


def _put_off(run: FlowRunFacts, now: datetime) -> Decision:
    state = State(
        id=uuid7(),
        type=StateType.SCHEDULED,
        name="AwaitingConcurrencySlot",
        timestamp=now,
        state_details=StateDetails(scheduled_time=now + SLOT_WAIT),
    )
    return Decision(
        SetStateStatus.REJECT,
        state,
        reason="No slot.",
        columns=_columns(run, state, now),
        dispatch=_dispatch(run, state),
    )


def _columns(run: FlowRunFacts, state: State, now: datetime) -> RunColumns:
    running = state.type is StateType.RUNNING
    return RunColumns(
        run_count=run.run_count + running,
        expected_start_time=run.expected_start_time or now,
        next_scheduled_start_time=state.state_details.scheduled_time,
        start_time=run.start_time or (now if running else None),
        end_time=now if state.is_final() else None,
        total_run_time=run.total_run_time + (1.5 if state.is_final() else 0),
        empirical_policy={**run.empirical_policy, "retries": 3},
        blocking_reason=None if state.type is not StateType.SCHEDULED else "scheduled",
    )


def _execution(run: FlowRunFacts, state: State, now: datetime) -> ExecutionWrite | None:
    live = run.execution if run.execution and run.execution.is_live else None
    match state.type:
        case StateType.RUNNING if live:
            return PresentExecution(now, leased=True, lease_expires_at=now + LEASE)
        case StateType.RUNNING | StateType.PENDING if not live:
            running = state.type is StateType.RUNNING
            expires = now + LEASE if running else None
            return OpenExecution(now, now + LEASE, running, running, expires)
        case StateType.SCHEDULED if live:
            return EndExecution(now, "rescheduled")
        case _ if state.is_final() and live:
            return EndExecution(now, state.type.value)
        case _:
            return None


def _dispatch(run: FlowRunFacts, state: State) -> Dispatch | Withdraw | None:
    if run.work_pool_id is None:
        return None
    due = state.state_details.scheduled_time
    if state.type is StateType.SCHEDULED and due is not None:
        return Dispatch(due, waits_for_slot=state.name == "AwaitingConcurrencySlot")
    return Withdraw()
