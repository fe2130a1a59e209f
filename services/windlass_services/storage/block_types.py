"""Block types: made, found by id or slug, listed, changed, deleted with all that is of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.blocks import BlockType, BlockTypeCreate, BlockTypeUpdate
from windlass.schemas.filters.blocks import BlockSchemaFilter, BlockTypeFilter
from windlass_services.storage.block_deletion import delete_block_schemas
from windlass_services.storage.filters.blocks import block_types_matching
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import block_schema, block_type
from windlass_services.storage.upserts import insert_into


async def create_block_type(
    connection: AsyncConnection, scope: Scope, wanted: BlockTypeCreate, *, now: datetime
) -> BlockType:
    """Raises `ObjectAlreadyExists` when there is one of this slug."""
    made = await connection.execute(
        insert_into(connection, block_type)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            **wanted.model_dump(),
            is_protected=False,
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "slug"])
        .returning(block_type)
    )
    row = made.mappings().one_or_none()
    if row is None:
        raise ObjectAlreadyExists(f"A block type with the slug {wanted.slug!r} already exists.")
    return _block_type(row)


async def install_block_type(
    connection: AsyncConnection,
    scope: Scope,
    wanted: BlockTypeCreate,
    *,
    is_protected: bool,
    now: datetime,
) -> UUID:
    """The id of one of the server's own types, made or brought up to date. Two at once get one."""
    said = {**wanted.model_dump(), "is_protected": is_protected, "updated": now}
    installed = await connection.execute(
        insert_into(connection, block_type)
        .values(id=uuid7(), workspace_id=scope.workspace_id, created=now, **said)
        .on_conflict_do_update(index_elements=["workspace_id", "slug"], set_=said)
        .returning(block_type.c.id)
    )
    return installed.scalar_one()


async def read_block_type(
    connection: AsyncConnection, scope: Scope, which: UUID | str
) -> BlockType:
    """The block type of this id or this slug. Raises `ObjectNotFound`."""
    rows = await connection.execute(sa.select(block_type).where(_is(scope, which)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise _missing(which)
    return _block_type(row)


async def read_block_types(
    connection: AsyncConnection,
    scope: Scope,
    asked: BlockTypeFilter | None,
    schemas: BlockSchemaFilter | None,
    window: Window,
) -> list[BlockType]:
    """One window of the block types that match, by name."""
    rows = await connection.execute(
        in_window(
            sa.select(block_type)
            .where(block_types_matching(scope, asked, schemas))
            .order_by(block_type.c.name, block_type.c.id),
            window,
        )
    )
    return readable("block type", rows.mappings(), _block_type)


async def block_types_by_id(
    connection: AsyncConnection, ids: Iterable[UUID]
) -> dict[UUID, BlockType]:
    """The block types of these ids, in one query."""
    rows = await connection.execute(sa.select(block_type).where(block_type.c.id.in_(set(ids))))
    return {row["id"]: _block_type(row) for row in rows.mappings()}


async def known_slugs(
    connection: AsyncConnection, scope: Scope, slugs: Sequence[str]
) -> dict[str, UUID]:
    """The ids of those of these slugs that are block types."""
    rows = await connection.execute(
        sa.select(block_type.c.slug, block_type.c.id).where(
            block_type.c.workspace_id == scope.workspace_id, block_type.c.slug.in_(slugs)
        )
    )
    return {row.slug: row.id for row in rows}


async def update_block_type(
    connection: AsyncConnection,
    scope: Scope,
    id: UUID,
    update: BlockTypeUpdate,
    *,
    now: datetime,
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    changed = await connection.execute(
        sa.update(block_type)
        .where(_is(scope, id))
        .values(**update.model_dump(exclude_unset=True), updated=now)
    )
    if not changed.rowcount:
        raise _missing(id)


async def delete_block_type(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Delete a type with its schemas and documents.

    Raises `ObjectNotFound`, and `Forbidden` for one of the server's own.
    """
    if (await read_block_type(connection, scope, id)).is_protected:
        raise Forbidden("Protected block types cannot be deleted.")
    await delete_block_schemas(connection, block_schema.c.block_type_id == id)
    await connection.execute(sa.delete(block_type).where(_is(scope, id)))


def _is(scope: Scope, which: UUID | str) -> Clause:
    column = block_type.c.id if isinstance(which, UUID) else block_type.c.slug
    return sa.and_(block_type.c.workspace_id == scope.workspace_id, column == which)


def _missing(which: UUID | str) -> ObjectNotFound:
    what = "id" if isinstance(which, UUID) else "slug"
    return ObjectNotFound(f"There is no block type with the {what} {str(which)!r}.")


def _block_type(row: sa.RowMapping) -> BlockType:
    return BlockType.model_construct(**{name: row[name] for name in BlockType.model_fields})
