"""The rows that a decision writes: pure, the same for both dialects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from windlass.schemas.executions import execution_id_of
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import State
from windlass_services.storage.flow_run_rows import row_of_flow_run, state_columns_of
from windlass_services.storage.hot.codec import Fields, FieldsOf, Row
from windlass_services.storage.hot.decide import (
    facts_of_new_run,
    freed_slot_of,
    next_generation,
)
from windlass_services.storage.hot.facts import (
    Decision,
    Dispatch,
    EndExecution,
    ExecutionFacts,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
    PresentExecution,
    Withdraw,
)
from windlass_services.storage.hot.line import rank_to_write
from windlass_services.storage.hot.protocol import NewFlowRun
from windlass_services.storage.hot.teardowns import orphaned_by
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run, flow_run_state, outbox

OUTBOX_KIND: Final = "flow-run-state"
SUPERSEDED: Final = "superseded"
"""Why an execution ended that was alive when the next one opened."""

RUN_CHANGES: Final[tuple[sa.Column[Any], ...]] = tuple(
    flow_run.c[name]
    for name in (
        *("state_id", "state_type", "state_name", "state_timestamp", "state_message"),
        *("state_details", "state_data", "run_count", "expected_start_time"),
        *("next_scheduled_start_time", "start_time", "end_time", "total_run_time"),
        *("empirical_policy", "blocking_reason", "execution_id", "execution_generation", "updated"),
    )
)
"""What a transition sets on the run: always all of it."""

EXECUTION_CHANGES: Final[tuple[sa.Column[Any], ...]] = tuple(
    execution.c[name]
    for name in ("presented_at", "leased", "lease_expires_at", "ended_at", "end_reason")
)
"""What a transition may set on an execution that exists; NULL leaves a column as it is."""

OPENED_COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(
    execution.c[name]
    for name in (
        *("id", "workspace_id", "flow_run_id", "generation", "deployment_id", "work_pool_id"),
        *("work_queue_id", "worker_name", "request_id", "opened_at", "start_deadline"),
        *("presented_at", "leased", "lease_expires_at"),
    )
)
"""What a new execution starts with."""

HISTORY_SOURCES: Final = {
    "day": "day",
    "id": "state_id",
    "workspace_id": "workspace_id",
    "flow_run_id": "id",
    "type": "state_type",
    "name": "state_name",
    "timestamp": "state_timestamp",
    "message": "state_message",
    "state_details": "state_details",
    "data": "state_data",
    "execution_id": "execution_id",
    "created": "updated",
}
"""Columns of `flow_run_state`, and where in the row of a run's writes each comes from."""

OUTBOX_SOURCES: Final = {
    "id": "outbox_id",
    "workspace_id": "workspace_id",
    "body": "outbox_body",
    "created": "updated",
}
"""The same for `outbox`, all but its kind."""


def announced_fields(fields_of: FieldsOf) -> Fields:
    """What stands in the row of a run's writes beside the columns of the run."""
    return fields_of((flow_run_state.c.day,)) + fields_of((outbox.c.id, outbox.c.body), "outbox_")


@dataclass(frozen=True, slots=True)
class TransitionWrites:
    """The rows that one transition writes, by column name."""

    run: Row
    """`id`, `workspace_id`, the `seen_state_id` and `seen_version` to compare with, RUN_CHANGES;
    then `day` for history, `outbox_id` and `outbox_body`."""
    passed: Row | None
    """The same for a state that was passed through: for history and outbox alone."""
    opened: Row | None
    changed: tuple[Row, ...]
    """Existing executions: `id` and EXECUTION_CHANGES."""
    dispatched: Row | None
    withdrawn: bool
    freed: UUID | None
    """The deployment whose run that waits for a slot is due now."""
    orphaned: tuple[str, ...]
    """Executions whose infrastructure, if they have any, somebody has to end."""

    @property
    def is_all(self) -> bool:
        """Whether one statement writes all of it; the rest goes into the same transaction."""
        return not (self.passed or self.freed or self.orphaned)


@dataclass(frozen=True, slots=True)
class CreationWrites:
    """The rows that one new flow run brings. `run` holds what history and outbox need, too."""

    run: Row
    opened: Row | None
    dispatched: Row | None


def writes_of(
    scope: Scope,
    run: FlowRunFacts,
    proposal: FlowRunTransition,
    decision: Decision,
    *,
    now: datetime,
    new_id: Callable[[], UUID],
) -> TransitionWrites | None:
    """The rows of a decision; None when it writes nothing. `new_id` counts up: as they are told."""
    state, columns = decision.state, decision.columns
    if state is None:
        return None
    if columns is None:
        raise ValueError(f"The decision on flow run {run.id} has a state but no columns.")
    opened = _opened(scope, run, decision, proposal.worker_name, proposal.request_id)
    generation = run.execution.generation if run.execution else 0
    owner = run.execution.id if run.execution else None
    if opened is not None:
        generation, owner = opened["generation"], opened["id"]
    written: Row = {
        "id": run.id,
        "workspace_id": scope.workspace_id,
        "seen_state_id": run.state.id if run.state else None,
        "seen_version": run.version,
        **state_columns_of(state),
        "run_count": columns.run_count,
        "expected_start_time": columns.expected_start_time,
        "next_scheduled_start_time": columns.next_scheduled_start_time,
        "start_time": columns.start_time,
        "end_time": columns.end_time,
        "total_run_time": columns.total_run_time,
        "empirical_policy": columns.empirical_policy,
        "blocking_reason": columns.blocking_reason,
        "execution_id": owner,
        "execution_generation": generation,
        "updated": now,
    }
    passed = decision.passed and {
        **written,
        **state_columns_of(decision.passed),
        **_announced(run.id, decision.passed, run.state, new_id()),
    }
    return TransitionWrites(
        run=written | _announced(run.id, state, decision.passed or run.state, new_id()),
        passed=passed,
        opened=opened,
        changed=_changed(run, decision),
        dispatched=_dispatched(scope, run, decision, now),
        withdrawn=isinstance(decision.dispatch, Withdraw),
        freed=freed_slot_of(run, decision),
        orphaned=orphaned_by(run, proposal, decision),
    )


def creation_writes(
    scope: Scope, new: NewFlowRun, *, now: datetime, outbox_id: UUID
) -> CreationWrites:
    """The rows of a flow run that does not exist yet."""
    row = row_of_flow_run(scope, new.run, new.work_pool_id, new.schedule_id, now)
    facts = facts_of_new_run(new.run, new.work_pool_id)
    opened = _opened(scope, facts, new.decision, worker_name=None, request_id=None)
    if opened is not None:
        row |= {"execution_id": opened["id"], "execution_generation": opened["generation"]}
    if new.run.state is None:
        row |= {"day": None, "outbox_id": None, "outbox_body": None}
    else:
        row |= _announced(new.run.id, new.run.state, None, outbox_id)
    return CreationWrites(row, opened, _dispatched(scope, facts, new.decision, now))


def created_run(new: NewFlowRun, writes: CreationWrites) -> FlowRun:
    """The new run as it will be read back."""
    return new.run.model_copy(
        update={
            name: writes.run[name]
            for name in ("created", "updated", "execution_id", "work_pool_id")
        }
    )


def _opened(
    scope: Scope,
    run: FlowRunFacts,
    decision: Decision,
    worker_name: str | None,
    request_id: UUID | None,
) -> Row | None:
    write = decision.execution
    if not isinstance(write, OpenExecution):
        return None
    generation = next_generation(run)
    return {
        "id": execution_id_of(run.id, generation),
        "workspace_id": scope.workspace_id,
        "flow_run_id": run.id,
        "generation": generation,
        "deployment_id": run.deployment_id,
        "work_pool_id": run.work_pool_id,
        "work_queue_id": run.work_queue_id,
        "worker_name": worker_name,
        "request_id": request_id,
        "opened_at": write.opened_at,
        "start_deadline": write.start_deadline,
        "presented_at": write.opened_at if write.presented else None,
        "leased": write.leased,
        "lease_expires_at": write.lease_expires_at,
    }


def _changed(run: FlowRunFacts, decision: Decision) -> tuple[Row, ...]:
    unchanged: Row = {column.name: None for column in EXECUTION_CHANGES}
    match run.execution, decision.execution:
        case None, (PresentExecution() | EndExecution()) as write:
            raise ValueError(f"Flow run {run.id} has no execution to write to: {write}.")
        case ExecutionFacts(id=id), PresentExecution() as write:
            presented: Row = {
                "id": id,
                "presented_at": write.presented_at,
                # A stock runner sends its first heartbeat before its run says anything.
                "leased": write.leased or None,
                "lease_expires_at": write.lease_expires_at,
            }
            return (unchanged | presented,)
        case ExecutionFacts(id=id), EndExecution() as write:
            ended: Row = {
                "id": id,
                "ended_at": write.ended_at,
                "end_reason": write.reason,
                # Nobody renews it any more: it is how long the infrastructure may stay.
                "lease_expires_at": write.to_stop_until,
            }
            return (unchanged | ended,)
        case ExecutionFacts(id=id, ended_at=None), OpenExecution(opened_at=opened_at):
            # Two owners of one run, or a slot that nobody gives back, must not be possible.
            return (unchanged | {"id": id, "ended_at": opened_at, "end_reason": SUPERSEDED},)
        case _:
            return ()


def _dispatched(scope: Scope, run: FlowRunFacts, decision: Decision, now: datetime) -> Row | None:
    write = decision.dispatch
    if not isinstance(write, Dispatch):
        return None
    if run.work_pool_id is None or run.work_queue_id is None:
        raise ValueError(f"Flow run {run.id} has no work pool that could be given it.")
    return {
        "flow_run_id": run.id,
        "workspace_id": scope.workspace_id,
        "work_pool_id": run.work_pool_id,
        "work_queue_id": run.work_queue_id,
        "deployment_id": run.deployment_id,
        "run_priority": run.run_priority,
        "rank": rank_to_write(write, now),
        "due_at": write.due_at,
    }


def _announced(run_id: UUID, state: State, initial: State | None, outbox_id: UUID) -> Row:
    return {
        "day": state.timestamp.date(),
        "outbox_id": outbox_id,
        "outbox_body": {
            "flow_run_id": run_id,
            "state_id": state.id,
            "type": state.type.value,
            "name": state.name,
            "timestamp": state.timestamp,
            "message": state.message,
            "initial_type": initial.type.value if initial else None,
            "initial_name": initial.name if initial else None,
            "initial_id": initial.id if initial else None,
        },
    }
