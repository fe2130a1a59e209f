"""Variables: made, found by id or name, listed, changed, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import VariableSort
from windlass.schemas.filters.variables import VariableFilter
from windlass.schemas.variables import Variable, VariableCreate, VariableUpdate
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.variables import where_variables
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import variable
from windlass_services.storage.upserts import insert_into

_ORDERS: Final[Mapping[VariableSort, tuple[sa.ColumnElement[Any], ...]]] = {
    VariableSort.CREATED_DESC: (variable.c.created.desc(), variable.c.id.desc()),
    VariableSort.UPDATED_DESC: (variable.c.updated.desc(), variable.c.id.desc()),
    VariableSort.NAME_DESC: (variable.c.name.desc(),),
    VariableSort.NAME_ASC: (variable.c.name.asc(),),
}


async def create_variable(
    connection: AsyncConnection, scope: Scope, wanted: VariableCreate, *, now: datetime
) -> Variable:
    """Raises `ObjectAlreadyExists` when there is one of this name."""
    made = await connection.execute(
        insert_into(connection, variable)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            name=wanted.name,
            value=wanted.value,
            tags=wanted.tags,
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "name"])
        .returning(variable)
    )
    row = made.mappings().one_or_none()
    if row is None:
        raise _taken(wanted.name)
    return _variable(row)


async def read_variable(connection: AsyncConnection, scope: Scope, which: UUID | str) -> Variable:
    """The variable of this id or this name. Raises `ObjectNotFound`."""
    rows = await connection.execute(sa.select(variable).where(_is(scope, which)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _missing(which)
    return _variable(row)


async def read_variables(
    connection: AsyncConnection,
    scope: Scope,
    asked: VariableFilter | None,
    sort: VariableSort,
    window: Window,
) -> list[Variable]:
    """One window of the variables that match."""
    rows = await connection.execute(
        in_window(
            sa.select(variable).where(_matching(scope, asked)).order_by(*_ORDERS[sort]), window
        )
    )
    return readable("variable", rows.mappings(), _variable)


async def count_variables(
    connection: AsyncConnection, scope: Scope, asked: VariableFilter | None
) -> int:
    """How many variables match."""
    return await count_rows(connection, variable, _matching(scope, asked))


async def update_variable(
    connection: AsyncConnection,
    scope: Scope,
    which: UUID | str,
    update: VariableUpdate,
    *,
    now: datetime,
) -> None:
    """Change what is set in `update` of the variable of this id or this name.

    Raises `ObjectNotFound`, and `ObjectAlreadyExists` for a new name that another one has.
    """
    said = update.model_dump(exclude_unset=True)
    try:
        changed = await connection.execute(
            sa.update(variable).where(_is(scope, which)).values(**said, updated=now)
        )
    except exc.IntegrityError as error:
        raise _taken(said["name"]) from error
    if not changed.rowcount:
        raise _missing(which)


async def delete_variable(connection: AsyncConnection, scope: Scope, which: UUID | str) -> None:
    """Delete the variable of this id or this name. Raises `ObjectNotFound`."""
    deleted = await connection.execute(sa.delete(variable).where(_is(scope, which)))
    if not deleted.rowcount:
        raise _missing(which)


def _is(scope: Scope, which: UUID | str) -> Clause:
    column = variable.c.id if isinstance(which, UUID) else variable.c.name
    return sa.and_(variable.c.workspace_id == scope.workspace_id, column == which)


def _matching(scope: Scope, asked: VariableFilter | None) -> Clause:
    in_workspace = variable.c.workspace_id == scope.workspace_id
    return in_workspace if asked is None else sa.and_(in_workspace, where_variables(asked))


def _missing(which: UUID | str) -> ObjectNotFound:
    named = f"with the id {which}" if isinstance(which, UUID) else f"named {which!r}"
    return ObjectNotFound(f"There is no variable {named}.")


def _taken(name: str) -> ObjectAlreadyExists:
    return ObjectAlreadyExists(f"A variable with the name {name!r} already exists.")


def _variable(row: sa.RowMapping) -> Variable:
    return Variable.model_construct(
        id=row["id"],
        created=row["created"],
        updated=row["updated"],
        name=row["name"],
        value=row["value"],
        tags=row["tags"],
    )
