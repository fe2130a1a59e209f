"""Saved searches: put by name, found, listed, deleted."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.saved_searches import SavedSearch, SavedSearchCreate
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import saved_search
from windlass_services.storage.upserts import insert_into


async def put_saved_search(
    connection: AsyncConnection, scope: Scope, wanted: SavedSearchCreate, *, now: datetime
) -> tuple[SavedSearch, bool]:
    """Make a search, or change the filters of the one of this name; and whether it was made now."""
    new_id = uuid7()
    filters = [each.model_dump() for each in wanted.filters]
    put = await connection.execute(
        insert_into(connection, saved_search)
        .values(
            id=new_id,
            workspace_id=scope.workspace_id,
            name=wanted.name,
            filters=filters,
            created=now,
            updated=now,
        )
        .on_conflict_do_update(
            index_elements=["workspace_id", "name"], set_={"filters": filters, "updated": now}
        )
        .returning(saved_search)
    )
    row = put.mappings().one()
    return SavedSearch.model_validate(row), row["id"] == new_id


async def read_saved_search(connection: AsyncConnection, scope: Scope, id: UUID) -> SavedSearch:
    """Raises `ObjectNotFound`."""
    rows = await connection.execute(sa.select(saved_search).where(_is(scope, id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _missing(id)
    return SavedSearch.model_validate(row)


async def read_saved_searches(
    connection: AsyncConnection, scope: Scope, window: Window
) -> list[SavedSearch]:
    """One window of the searches, by name."""
    rows = await connection.execute(
        in_window(
            sa.select(saved_search)
            .where(saved_search.c.workspace_id == scope.workspace_id)
            .order_by(saved_search.c.name),
            window,
        )
    )
    return readable("saved search", rows.mappings(), SavedSearch.model_validate)


async def delete_saved_search(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Raises `ObjectNotFound`."""
    deleted = await connection.execute(sa.delete(saved_search).where(_is(scope, id)))
    if not deleted.rowcount:
        raise _missing(id)


def _is(scope: Scope, id: UUID) -> Clause:
    return sa.and_(saved_search.c.workspace_id == scope.workspace_id, saved_search.c.id == id)


def _missing(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no saved search with the id {id}.")
