"""The history of a run's states."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.schemas.states import State
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.deleted_runs import DELETED_RUNS, not_of_deleted
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run_state, task_run, task_run_state


async def read_flow_run_states(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID
) -> list[State]:
    """Every state of the run, oldest first."""
    is_there = not_of_deleted(flow_run_state.c.flow_run_id)
    of_run = sa.and_(flow_run_state.c.flow_run_id == flow_run_id, is_there)
    return await _states_of(connection, scope, flow_run_state, of_run)


async def read_task_run_states(
    connection: AsyncConnection, scope: Scope, task_run_id: UUID
) -> list[State]:
    """Every state of the run, oldest first."""
    deleted = sa.select(task_run.c.id).where(
        task_run.c.id == task_run_id, task_run.c.flow_run_id.in_(DELETED_RUNS)
    )
    of_run = sa.and_(task_run_state.c.task_run_id == task_run_id, ~deleted.exists())
    return await _states_of(connection, scope, task_run_state, of_run)


async def read_flow_run_state(connection: AsyncConnection, scope: Scope, id: UUID) -> State:
    """Raises `ObjectNotFound`."""
    return await _state(connection, scope, flow_run_state, id)


async def read_task_run_state(connection: AsyncConnection, scope: Scope, id: UUID) -> State:
    """Raises `ObjectNotFound`."""
    return await _state(connection, scope, task_run_state, id)


async def _states_of(
    connection: AsyncConnection, scope: Scope, table: sa.Table, of_run: Clause
) -> list[State]:
    rows = await connection.execute(
        sa.select(table)
        .where(of_run, table.c.workspace_id == scope.workspace_id)
        .order_by(table.c.timestamp, table.c.id)
    )
    return readable("state", rows.mappings(), _state_from)


async def _state(connection: AsyncConnection, scope: Scope, table: sa.Table, id: UUID) -> State:
    rows = await connection.execute(
        sa.select(table).where(table.c.id == id, table.c.workspace_id == scope.workspace_id)
    )
    row = rows.mappings().first()
    if row is None:
        raise ObjectNotFound(f"There is no state with the id {id}.")
    return _state_from(row)


def _state_from(row: Mapping[Any, Any]) -> State:
    return State.model_validate(
        {
            "id": row["id"],
            "type": row["type"],
            "name": row["name"],
            "timestamp": row["timestamp"],
            "message": row["message"],
            "data": row["data"],
            "state_details": row["state_details"] or {},
        }
    )
