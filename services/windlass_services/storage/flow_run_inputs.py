"""Inputs of flow runs: sent, read by key, listed by how the key begins, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.flow_run_inputs import FlowRunInput, FlowRunInputCreate, FlowRunInputQuery
from windlass_services.storage.filters.deleted_runs import not_of_deleted
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, flow_run_input
from windlass_services.storage.upserts import insert_into


async def create_flow_run_input(
    connection: AsyncConnection,
    scope: Scope,
    flow_run_id: UUID,
    wanted: FlowRunInputCreate,
    *,
    now: datetime,
) -> None:
    """Keep a value. Raises `ObjectNotFound` for the run, `ObjectAlreadyExists` for the key."""
    await _require_flow_run(connection, scope, flow_run_id)
    made = await connection.execute(
        insert_into(connection, flow_run_input)
        .values(_row(scope, flow_run_id, wanted, now))
        .on_conflict_do_nothing()
        .returning(flow_run_input.c.id)
    )
    if made.scalar_one_or_none() is None:
        raise ObjectAlreadyExists(f"The flow run has an input with the key {wanted.key!r} already.")


async def put_flow_run_input(
    connection: AsyncConnection,
    scope: Scope,
    flow_run_id: UUID,
    wanted: FlowRunInputCreate,
    *,
    now: datetime,
) -> None:
    """Keep a value, in the place of one that has its key."""
    await connection.execute(
        insert_into(connection, flow_run_input)
        .values(_row(scope, flow_run_id, wanted, now))
        .on_conflict_do_update(
            index_elements=["flow_run_id", "key"],
            set_={"value": wanted.value, "sender": wanted.sender, "updated": now},
        )
    )


async def read_flow_run_input(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, key: str
) -> FlowRunInput:
    """Raises `ObjectNotFound`."""
    rows = await connection.execute(
        sa.select(flow_run_input).where(_of(scope, flow_run_id), flow_run_input.c.key == key)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_found(flow_run_id, key)
    return _from_row(row)


async def read_flow_run_inputs(
    connection: AsyncConnection,
    scope: Scope,
    flow_run_id: UUID,
    asked: FlowRunInputQuery,
    *,
    limit: int,
) -> list[FlowRunInput]:
    """The first `limit` values whose keys begin as asked, the oldest first."""
    key = flow_run_input.c.key
    rows = await connection.execute(
        sa.select(flow_run_input)
        .where(
            _of(scope, flow_run_id),
            key.startswith(asked.prefix, autoescape=True),
            key.not_in(asked.exclude_keys),
        )
        .order_by(flow_run_input.c.created, flow_run_input.c.id)
        .limit(limit)
    )
    return readable("flow run input", rows.mappings(), _from_row)


async def delete_flow_run_input(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, key: str
) -> None:
    """Raises `ObjectNotFound`."""
    gone = await connection.execute(
        sa.delete(flow_run_input).where(_of(scope, flow_run_id), flow_run_input.c.key == key)
    )
    if not gone.rowcount:
        raise _not_found(flow_run_id, key)


async def _require_flow_run(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    found = await connection.execute(
        sa.select(flow_run.c.id).where(
            flow_run.c.id == id, flow_run.c.workspace_id == scope.workspace_id
        )
    )
    if found.scalar_one_or_none() is None:
        raise ObjectNotFound(f"There is no flow run with the id {id}.")


def _row(
    scope: Scope, flow_run_id: UUID, wanted: FlowRunInputCreate, now: datetime
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "workspace_id": scope.workspace_id,
        "flow_run_id": flow_run_id,
        "key": wanted.key,
        "value": wanted.value,
        "sender": wanted.sender,
        "created": now,
        "updated": now,
    }


def _of(scope: Scope, flow_run_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(
        flow_run_input.c.flow_run_id == flow_run_id,
        flow_run_input.c.workspace_id == scope.workspace_id,
        not_of_deleted(flow_run_input.c.flow_run_id),
    )


def _from_row(row: Mapping[Any, Any]) -> FlowRunInput:
    return FlowRunInput.model_validate(dict(row))


def _not_found(flow_run_id: UUID, key: str) -> ObjectNotFound:
    return ObjectNotFound(f"Flow run {flow_run_id} has no input with the key {key!r}.")
