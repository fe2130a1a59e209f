"""Which transitions leave infrastructure behind that somebody has to end, and how it is noted."""

from typing import Final

from windlass.schemas.states import StateType
from windlass_services.storage.hot.facts import (
    Decision,
    EndExecution,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
)

_GIVEN_UP: Final = frozenset(
    {
        *(StateType.CANCELLED, StateType.CRASHED, StateType.SCHEDULED, StateType.PENDING),
        StateType.PAUSED,
    }
)


def orphaned_by(
    run: FlowRunFacts, proposal: FlowRunTransition, decision: Decision
) -> tuple[str, ...]:
    """The live execution that the decision ends behind its back: what runs it may still be there.

    Who speaks for an execution ends by itself, or reports an end. One that somebody else suspends
    is told to end, and has until its deadline.
    """
    owner, state = run.execution, decision.state
    if owner is None or not owner.is_live or state is None or proposal.execution_id == owner.id:
        return ()
    is_over = isinstance(decision.execution, EndExecution | OpenExecution)
    return (owner.id,) if is_over and state.type in _GIVEN_UP else ()


def insert_teardowns(of_executions: str, now: str) -> str:
    """The statement that notes them, once their runs are written.

    Nothing is noted of an execution without a handle. `of_executions` is a condition on `e`, `now`
    a parameter, both as the dialect has them.
    """
    due = (
        f"CASE r.state_type WHEN '{StateType.PAUSED}' THEN coalesce(e.lease_expires_at, {now})"
        f" ELSE {now} END"
    )
    return (
        "INSERT INTO teardown (execution_id, workspace_id, flow_run_id, work_pool_id, handle,"
        " attempts, next_attempt_at, created)"
        f" SELECT e.id, e.workspace_id, e.flow_run_id, e.work_pool_id, e.handle, 0, {due}, {now}"
        f" FROM execution e JOIN flow_run r ON r.id = e.flow_run_id WHERE {of_executions}"
        " AND e.handle IS NOT NULL AND e.work_pool_id IS NOT NULL ON CONFLICT DO NOTHING"
    )
