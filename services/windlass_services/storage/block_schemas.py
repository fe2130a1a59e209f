"""Block schemas: made or found by checksum, listed, deleted; definitions of others put in place."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import Forbidden, ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass.schemas.block_fields import (
    block_schema_checksum,
    definitions_of,
    is_block,
    references_of,
    with_needed_definitions,
)
from windlass.schemas.blocks import BlockSchema, BlockSchemaCreate
from windlass.schemas.filters.blocks import BlockSchemaFilter
from windlass_services.storage.block_deletion import delete_block_schemas
from windlass_services.storage.block_types import block_types_by_id, known_slugs
from windlass_services.storage.filters.blocks import block_schemas_matching
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import block_schema, block_schema_reference
from windlass_services.storage.upserts import insert_into


async def find_or_create_block_schema(
    connection: AsyncConnection, scope: Scope, wanted: BlockSchemaCreate, *, now: datetime
) -> tuple[BlockSchema, bool]:
    """The schema of this checksum and version, and whether it was made now.

    Blocks that it refers to and that are not known yet are made from its definitions. Raises
    `ObjectNotFound` for an unknown block type, `ObjectAlreadyExists` (409, as a conflict) for a
    reference to one.
    """
    if wanted.block_type_id not in await block_types_by_id(connection, [wanted.block_type_id]):
        raise ObjectNotFound(f"There is no block type with the id {wanted.block_type_id}.")
    id, is_new = await _put(connection, scope, wanted, now=now)
    return (await block_schemas_by_id(connection, [id]))[id], is_new


async def read_block_schema(connection: AsyncConnection, scope: Scope, id: UUID) -> BlockSchema:
    """Raises `ObjectNotFound`."""
    ids = await _ids(connection, block_schema.c.id == id, scope)
    if not ids:
        raise ObjectNotFound(f"There is no block schema with the id {id}.")
    return (await block_schemas_by_id(connection, ids))[id]


async def read_block_schema_by_checksum(
    connection: AsyncConnection, scope: Scope, checksum: str, version: str | None
) -> BlockSchema:
    """The newest schema of a checksum, or that of one version. Raises `ObjectNotFound`."""
    clause = block_schema.c.checksum == checksum
    if version is not None:
        clause &= block_schema.c.version == version
    ids = await _ids(connection, clause, scope, Window(1))
    if not ids:
        raise ObjectNotFound(f"There is no block schema with the checksum {checksum}.")
    return (await block_schemas_by_id(connection, ids))[ids[0]]


async def read_block_schemas(
    connection: AsyncConnection, scope: Scope, asked: BlockSchemaFilter | None, window: Window
) -> list[BlockSchema]:
    """One window of the schemas that match, the newest first."""
    ids = await _ids(connection, block_schemas_matching(scope, asked), scope, window)
    found = await block_schemas_by_id(connection, ids)
    return [found[id] for id in ids]


async def read_capabilities(connection: AsyncConnection, scope: Scope) -> list[str]:
    """Everything that some block can do, sorted."""
    rows = await connection.execute(
        sa.select(block_schema.c.capabilities)
        .distinct()
        .where(block_schema.c.workspace_id == scope.workspace_id)
    )
    return sorted({capability for row in rows for capability in row.capabilities})


async def count_block_schemas(
    connection: AsyncConnection, scope: Scope, checksums: Collection[str], version: str
) -> int:
    """How many of these checksums there are, in one version."""
    return await count_rows(
        connection,
        block_schema,
        sa.and_(
            block_schema.c.workspace_id == scope.workspace_id,
            block_schema.c.checksum.in_(checksums),
            block_schema.c.version == version,
        ),
    )


async def delete_block_schema(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Delete a schema with its documents.

    Raises `ObjectNotFound`, and `Forbidden` for one of a protected block type.
    """
    found = await read_block_schema(connection, scope, id)
    if found.block_type is not None and found.block_type.is_protected:
        raise Forbidden("Block schemas of protected block types cannot be deleted.")
    await delete_block_schemas(connection, block_schema.c.id == id)


async def block_schemas_by_id(
    connection: AsyncConnection, ids: Iterable[UUID]
) -> dict[UUID, BlockSchema]:
    """The schemas of these ids, whole: two queries for each depth of nesting, however many."""
    wanted = set(ids)
    family = await _read_family(connection, wanted)
    present = wanted & family.rows.keys()
    types = await block_types_by_id(
        connection, (family.rows[id]["block_type_id"] for id in present)
    )
    return {
        id: BlockSchema.model_construct(
            **{name: family.rows[id][name] for name in _COLUMNS},
            fields=family.whole_fields(id),
            block_type=types.get(family.rows[id]["block_type_id"]),
        )
        for id in present
    }


_COLUMNS: Final = (
    "id",
    "created",
    "updated",
    "checksum",
    "block_type_id",
    "capabilities",
    "version",
)


@dataclass(slots=True)
class _Family:
    """Rows of schemas, with those of all the schemas that they refer to."""

    rows: dict[UUID, sa.RowMapping] = field(default_factory=dict[UUID, sa.RowMapping])
    children: dict[UUID, list[UUID]] = field(default_factory=dict[UUID, list[UUID]])

    def whole_fields(self, id: UUID) -> JsonObject:
        """The fields of a schema with the definitions of the blocks below it in their place."""
        own: JsonObject = self.rows[id]["fields"]
        definitions = definitions_of(own)
        seen, below = {id}, list(self.children.get(id, ()))
        while below:
            child = below.pop()
            if child in seen or child not in self.rows:
                continue
            seen.add(child)
            below += self.children.get(child, ())
            fields: JsonObject = self.rows[child]["fields"]
            block = {key: value for key, value in fields.items() if key != "definitions"}
            definitions = definitions_of(fields) | definitions | {fields.get("title", ""): block}
        references: JsonObject = {
            "block_schema_references": own.get("block_schema_references") or {}
        }
        return own | references | ({"definitions": definitions} if definitions else {})


async def _read_family(connection: AsyncConnection, ids: set[UUID]) -> _Family:
    family = _Family()
    asked: set[UUID] = set(ids)
    seen: set[UUID] = set()
    while asked:
        seen |= asked
        found = await connection.execute(
            sa.select(block_schema).where(block_schema.c.id.in_(asked))
        )
        family.rows |= {row["id"]: row for row in found.mappings()}
        links = await connection.execute(
            sa.select(block_schema_reference).where(
                block_schema_reference.c.parent_block_schema_id.in_(asked)
            )
        )
        asked = set[UUID]()
        for link in links:
            children = family.children.setdefault(link.parent_block_schema_id, [])
            children.append(link.reference_block_schema_id)
            asked.add(link.reference_block_schema_id)
        asked -= seen
    return family


async def _put(
    connection: AsyncConnection, scope: Scope, wanted: BlockSchemaCreate, *, now: datetime
) -> tuple[UUID, bool]:
    """The id of the schema, and whether it was made now."""
    checksum = block_schema_checksum(wanted.fields)
    same = sa.and_(block_schema.c.checksum == checksum, block_schema.c.version == wanted.version)
    if ids := await _ids(connection, same, scope):
        return ids[0], False
    links = await _linked(connection, scope, wanted, now=now)
    inserted = await connection.execute(
        insert_into(connection, block_schema)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            block_type_id=wanted.block_type_id,
            checksum=checksum,
            version=wanted.version,
            fields=_own_fields(wanted.fields),
            capabilities=wanted.capabilities,
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "checksum", "version"])
        .returning(block_schema.c.id)
    )
    id = inserted.scalar_one_or_none()
    if id is None:
        return (await _ids(connection, same, scope))[0], False
    if links:
        rows = [
            {"parent_block_schema_id": id, "name": name, "reference_block_schema_id": child}
            for name, child in links
        ]
        await connection.execute(
            insert_into(connection, block_schema_reference).on_conflict_do_nothing(), rows
        )
    return id, True


async def _linked(
    connection: AsyncConnection, scope: Scope, wanted: BlockSchemaCreate, *, now: datetime
) -> list[tuple[str, UUID]]:
    """By field, the ids of the schemas that a schema refers to; unknown ones are made."""
    references = references_of(wanted.fields)
    slugs = [reference["block_type_slug"] for _, reference in references]
    types = await known_slugs(connection, scope, slugs) if slugs else {}
    definitions = definitions_of(wanted.fields)
    linked: list[tuple[str, UUID]] = []
    for name, reference in references:
        slug, checksum = reference["block_type_slug"], reference["block_schema_checksum"]
        if slug not in types:
            raise ObjectAlreadyExists(
                f"The field {name!r} refers to the block type {slug!r}, which is not there:"
                " register that block first."
            )
        known = await _ids(connection, block_schema.c.checksum == checksum, scope, Window(1))
        child = known[0] if known else None
        of_slug = (one for one in definitions.values() if one.get("block_type_slug") == slug)
        if child is None and (definition := next(of_slug, None)) is not None:
            nested = BlockSchemaCreate(
                fields=with_needed_definitions(definition, definitions),
                block_type_id=types[slug],
                version=wanted.version,
            )
            child, _ = await _put(connection, scope, nested, now=now)
        if child is not None:
            linked.append((name, child))
    return linked


async def _ids(
    connection: AsyncConnection, clause: Clause, scope: Scope, window: Window | None = None
) -> list[UUID]:
    asked = (
        sa.select(block_schema.c.id)
        .where(block_schema.c.workspace_id == scope.workspace_id, clause)
        .order_by(block_schema.c.created.desc(), block_schema.c.id.desc())
    )
    if window is not None:
        asked = in_window(asked, window)
    return list((await connection.execute(asked)).scalars())


def _own_fields(fields: JsonObject) -> JsonObject:
    """The fields without the definitions of other blocks, which have rows of their own."""
    definitions = definitions_of(fields)
    own = {name: one for name, one in definitions.items() if not is_block(one)}
    rest = {key: value for key, value in fields.items() if key != "definitions"}
    return rest | ({"definitions": own} if own else {})
