"""What workers report about executions: the handle of what they started, and how it ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound, RequestInvalid, Superseded
from windlass.schemas.executions import ExecutionEnded, ExecutionStarted, parse_execution_id
from windlass.schemas.states import StateType
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run
from windlass_services.storage.teardowns import forget_teardown, tear_down_late_start

INFRASTRUCTURE_PID = "infrastructure_pid"
"""Where a worker type puts, into the data of its handle, the identifier that people look for."""


@dataclass(frozen=True, slots=True)
class ReportedExecution:
    """The execution that a report is about, as it stood."""

    id: str
    flow_run_id: UUID
    is_live: bool
    was_presented: bool
    """The code of the run had begun."""
    is_cancelling: bool
    """The run is in CANCELLING: the end of its infrastructure is what was asked for."""


async def record_started(
    connection: AsyncConnection, scope: Scope, started: ExecutionStarted, *, now: datetime
) -> None:
    """Keep the handle, also of a superseded execution: what it started must be found again.

    The run shows the infrastructure of the execution that owns it; that of one which was given up
    meanwhile is torn down. Raises `ObjectNotFound`.
    """
    rows = await connection.execute(
        sa.update(execution)
        .where(_is(scope, started.execution_id))
        .values(handle=started.handle.model_dump(mode="json"))
        .returning(execution.c.flow_run_id, execution.c.ended_at)
    )
    row = rows.one_or_none()
    if row is None:
        raise _not_found(started.execution_id)
    if row.ended_at is not None:
        await tear_down_late_start(connection, scope, started.execution_id, now=now)
    identifier = started.handle.data.get(INFRASTRUCTURE_PID)
    if identifier is not None:
        await connection.execute(
            sa.update(flow_run)
            .where(
                flow_run.c.id == row.flow_run_id, flow_run.c.execution_id == started.execution_id
            )
            .values(infrastructure_pid=str(identifier))
        )


async def record_ended(
    connection: AsyncConnection, scope: Scope, ended: ExecutionEnded
) -> ReportedExecution | None:
    """Keep the exit code, and the reason unless one is known; nothing is left to tear down.

    None where the run was deleted and its infrastructure was to follow. Raises `ObjectNotFound`.
    """
    rows = await connection.execute(
        sa.update(execution)
        .where(_is(scope, ended.execution_id))
        .values(
            exit_code=ended.exit_code,
            end_reason=sa.func.coalesce(execution.c.end_reason, ended.reason),
        )
        .returning(
            execution.c.id, execution.c.flow_run_id, execution.c.ended_at, execution.c.presented_at
        )
    )
    row = rows.one_or_none()
    was_to_go = await forget_teardown(connection, scope, ended.execution_id)
    if row is None:
        if was_to_go:
            return None
        raise _not_found(ended.execution_id)
    state_types = await connection.execute(
        sa.select(flow_run.c.state_type).where(flow_run.c.id == row.flow_run_id)
    )
    return ReportedExecution(
        row.id,
        row.flow_run_id,
        is_live=row.ended_at is None,
        was_presented=row.presented_at is not None,
        is_cancelling=state_types.scalar_one_or_none() == StateType.CANCELLING,
    )


async def refuse_superseded(connection: AsyncConnection, scope: Scope, execution_id: str) -> None:
    """Raises `Superseded` when the run of this execution has a later one.

    One that is over and was followed by none is not refused, nor one that nobody knows: it may be
    the candidate of a poll.
    """
    try:
        flow_run_id, generation = parse_execution_id(execution_id)
    except RequestInvalid:
        return
    owner = await connection.scalar(
        sa.select(flow_run.c.execution_id).where(
            flow_run.c.id == flow_run_id,
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.execution_generation > generation,
        )
    )
    if owner is not None:
        raise Superseded(
            f"Execution {owner} owns flow run {flow_run_id} now; {execution_id} must stop."
        )


async def read_observed_executions(
    connection: AsyncConnection, scope: Scope, flow_run_ids: Collection[UUID]
) -> list[str]:
    """The live executions of these runs that nobody claimed: nothing of ours runs them, or renews
    their leases."""
    found = await connection.execute(
        sa.select(execution.c.id)
        .join(flow_run, flow_run.c.execution_id == execution.c.id)
        .where(
            flow_run.c.workspace_id == scope.workspace_id,
            flow_run.c.id.in_(flow_run_ids),
            execution.c.ended_at.is_(None),
            execution.c.worker_name.is_(None),
        )
    )
    return list(found.scalars())


def _is(scope: Scope, id: str) -> sa.ColumnElement[bool]:
    return sa.and_(execution.c.id == id, execution.c.workspace_id == scope.workspace_id)


def _not_found(id: str) -> ObjectNotFound:
    return ObjectNotFound(f"There is no execution with the id {id!r}.")
