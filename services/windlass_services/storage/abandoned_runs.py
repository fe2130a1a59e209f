"""What a process that is gone had under way: its task runs, and the flow runs that it called."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.states import State
from windlass_services.storage.run_rows import state_from_row
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run, task_delivery, task_run


@dataclass(frozen=True, slots=True)
class AbandonedRun:
    """A task run or a flow run, in the state that was read."""

    id: UUID
    state: State
    is_cancelled: bool
    """It is part of a cancellation, and not of a loss."""


async def read_abandoned_task_runs(
    connection: AsyncConnection, scope: Scope, *, silent_since: datetime, limit: int
) -> list[AbandonedRun]:
    """Task runs under way that no process is alive for.

    Those of a cancelled run only if it was cancelled before `silent_since`: what its process said
    last may be on its way. Not those that a task worker has, nor those that show a flow run of the
    same name: that one says how it goes on.
    """
    child = flow_run.alias("child")
    elsewhere = sa.or_(
        sa.exists().where(task_delivery.c.task_run_id == task_run.c.id),
        sa.exists().where(
            child.c.workspace_id == task_run.c.workspace_id,
            child.c.parent_task_run_id == task_run.c.id,
        ),
    )
    found = await connection.execute(
        sa.select(*(task_run.c[name] for name in _COLUMNS), _state_of_parent(flow_run))
        .join(flow_run, flow_run.c.id == task_run.c.flow_run_id)
        .outerjoin(execution, execution.c.id == flow_run.c.execution_id)
        .where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.state_type.in_(_UNDER_WAY),
            _has_no_process(flow_run, execution),
            sa.or_(
                flow_run.c.state_type != "CANCELLED", flow_run.c.state_timestamp <= silent_since
            ),
            ~elsewhere,
        )
        .limit(limit)
    )
    return _abandoned(found.mappings())


async def read_abandoned_flow_runs(
    connection: AsyncConnection, scope: Scope, *, limit: int
) -> list[AbandonedRun]:
    """Flow runs under way that were called in the process of a run that no process is alive for.

    Also of a run that was deleted. Those of deployments have processes of their own.
    """
    parent = flow_run.alias("parent")
    found = await connection.execute(
        sa.select(*(flow_run.c[name] for name in _COLUMNS), _state_of_parent(parent))
        .join(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
        .outerjoin(parent, parent.c.id == task_run.c.flow_run_id)
        .outerjoin(execution, execution.c.id == parent.c.execution_id)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.state_type.in_((*_UNDER_WAY, "PAUSED", "CANCELLING")),
            flow_run.c.deployment_id.is_(None),
            sa.or_(
                sa.and_(task_run.c.flow_run_id.is_not(None), parent.c.id.is_(None)),
                _has_no_process(parent, execution),
            ),
        )
        .limit(limit)
    )
    return _abandoned(found.mappings())


def _has_no_process(run: sa.FromClause, of_run: sa.Table) -> sa.ColumnElement[bool]:
    """It crashed or was cancelled; or it waits for its next execution, or has one that did not
    begin."""
    return sa.or_(
        run.c.state_type.in_(("CRASHED", "CANCELLED")),
        sa.and_(run.c.state_type == "SCHEDULED", of_run.c.ended_at.is_not(None)),
        sa.and_(
            run.c.state_type == "PENDING",
            of_run.c.id.is_not(None),
            of_run.c.presented_at.is_(None),
        ),
    )


def _abandoned(rows: sa.MappingResult) -> list[AbandonedRun]:
    found: list[AbandonedRun] = []
    for row in rows:
        state = state_from_row(row)
        if state is not None:
            is_cancelled = state.is_cancelling() or row[_STATE_OF_PARENT] == "CANCELLED"
            found.append(AbandonedRun(row["id"], state, is_cancelled))
    return found


def _state_of_parent(run: sa.FromClause) -> sa.Label[str | None]:
    return run.c.state_type.label(_STATE_OF_PARENT)


_STATE_OF_PARENT: Final = "state_of_parent"
_UNDER_WAY: Final = ("SCHEDULED", "PENDING", "RUNNING")
_COLUMNS: Final = (
    *("id", "state_id", "state_type", "state_name", "state_timestamp"),
    *("state_message", "state_details", "state_data"),
)
