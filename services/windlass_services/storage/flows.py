"""Flows: found or made by name, listed, changed, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import FlowSort
from windlass.schemas.flows import Flow, FlowCreate, FlowUpdate
from windlass_services.storage.filters.query import Filters, flows_matching
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow

_ORDERS: Final[Mapping[FlowSort, tuple[sa.ColumnElement[Any], ...]]] = {
    FlowSort.CREATED_DESC: (flow.c.created.desc(), flow.c.id.desc()),
    FlowSort.UPDATED_DESC: (flow.c.updated.desc(), flow.c.id.desc()),
    FlowSort.NAME_ASC: (flow.c.name.asc(), flow.c.id.asc()),
    FlowSort.NAME_DESC: (flow.c.name.desc(), flow.c.id.desc()),
}


async def find_or_create_flow(
    connection: AsyncConnection, scope: Scope, wanted: FlowCreate, *, now: datetime
) -> tuple[Flow, bool]:
    """The flow of this name, and whether it was made now. Two at once get the same one."""
    found = await _find(connection, scope, flow.c.name == wanted.name)
    if found is not None:
        return found, False
    row = {
        "id": uuid7(),
        "workspace_id": scope.workspace_id,
        "name": wanted.name,
        "tags": wanted.tags,
        "labels": wanted.labels or {},
        "created": now,
        "updated": now,
    }
    inserted = await connection.execute(_insert(connection).values(row).returning(flow.c.id))
    is_new = inserted.scalar_one_or_none() is not None
    stored = await _find(connection, scope, flow.c.name == wanted.name)
    assert stored is not None
    return stored, is_new


async def read_flow(connection: AsyncConnection, scope: Scope, id: UUID) -> Flow:
    """Raises `ObjectNotFound`."""
    found = await _find(connection, scope, flow.c.id == id)
    if found is None:
        raise no_flow(id)
    return found


async def read_flow_by_name(connection: AsyncConnection, scope: Scope, name: str) -> Flow:
    """Raises `ObjectNotFound`."""
    found = await _find(connection, scope, flow.c.name == name)
    if found is None:
        raise ObjectNotFound(f"There is no flow named {name!r}.")
    return found


async def read_flows(
    connection: AsyncConnection, scope: Scope, filters: Filters, sort: FlowSort, window: Window
) -> list[Flow]:
    """One window of the flows that match every filter."""
    rows = await connection.execute(
        in_window(
            sa.select(flow).where(flows_matching(scope, filters)).order_by(*_ORDERS[sort]), window
        )
    )
    return readable("flow", rows.mappings(), flow_from_row)


async def count_flows(connection: AsyncConnection, scope: Scope, filters: Filters) -> int:
    """How many flows match every filter."""
    return await count_rows(connection, flow, flows_matching(scope, filters))


async def update_flow(
    connection: AsyncConnection, scope: Scope, id: UUID, update: FlowUpdate, *, now: datetime
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    changed = await connection.execute(
        sa.update(flow)
        .where(flow.c.id == id, flow.c.workspace_id == scope.workspace_id)
        .values(**update.model_dump(exclude_unset=True), updated=now)
    )
    if not changed.rowcount:
        raise no_flow(id)


def no_flow(id: UUID) -> ObjectNotFound:
    """What to raise for an id that is none."""
    return ObjectNotFound(f"There is no flow with the id {id}.")


async def _find(
    connection: AsyncConnection, scope: Scope, clause: sa.ColumnElement[bool]
) -> Flow | None:
    rows = await connection.execute(
        sa.select(flow).where(flow.c.workspace_id == scope.workspace_id, clause)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else flow_from_row(row)


def flow_from_row(row: sa.RowMapping | Mapping[str, Any]) -> Flow:
    """What a row of the table says."""
    return Flow.model_construct(
        id=row["id"],
        created=row["created"],
        updated=row["updated"],
        name=row["name"],
        tags=row["tags"],
        labels=row["labels"],
    )


def _insert(connection: AsyncConnection) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(flow).on_conflict_do_nothing()
    return sqlite.insert(flow).on_conflict_do_nothing()
