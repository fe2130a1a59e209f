"""Block documents: their values encrypted at rest, put together from each other when read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import (
    BlockTypeMismatch,
    ObjectAlreadyExists,
    ObjectNotFound,
    RequestInvalid,
)
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass.schemas.block_fields import (
    document_reference,
    secret_paths,
    with_secrets_restored,
)
from windlass.schemas.blocks import BlockDocument, BlockDocumentCreate, BlockDocumentUpdate
from windlass.schemas.filters.blocks import BlockDocumentCountQuery
from windlass.schemas.filters.sorting import BlockDocumentSort
from windlass_services.storage.block_deletion import delete_block_documents
from windlass_services.storage.block_schemas import block_schemas_by_id
from windlass_services.storage.block_types import read_block_type
from windlass_services.storage.encryption import find_or_create_cipher
from windlass_services.storage.filters.blocks import block_documents_matching
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.nested_documents import assembled_documents, is_within
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    block_document,
    block_document_reference,
    block_schema,
    block_type,
)
from windlass_services.storage.upserts import insert_into

_TYPE_NAME: Final = (
    sa.select(block_type.c.name)
    .where(block_type.c.id == block_document.c.block_type_id)
    .scalar_subquery()
)
_ORDERS: Final[Mapping[BlockDocumentSort, tuple[sa.ColumnElement[Any], ...]]] = {
    BlockDocumentSort.NAME_ASC: (block_document.c.name.asc(), block_document.c.id.asc()),
    BlockDocumentSort.NAME_DESC: (block_document.c.name.desc(), block_document.c.id.desc()),
    BlockDocumentSort.BLOCK_TYPE_AND_NAME_ASC: (
        _TYPE_NAME.asc(),
        block_document.c.name.asc(),
        block_document.c.id.asc(),
    ),
}


async def create_block_document(
    connection: AsyncConnection, scope: Scope, wanted: BlockDocumentCreate, *, now: datetime
) -> BlockDocument:
    """Raises `ObjectAlreadyExists` for a name that the block type has already.

    A schema, a type, or a document referred to that is not there is a conflict as well (409).
    """
    await _require_schema(connection, scope, wanted)
    references, values = _split(wanted.data)
    await _require_documents(connection, scope, references)
    cipher = await find_or_create_cipher(connection, scope, now=now)
    id = uuid7()
    made = await connection.execute(
        insert_into(connection, block_document)
        .values(
            id=id,
            workspace_id=scope.workspace_id,
            block_type_id=wanted.block_type_id,
            block_schema_id=wanted.block_schema_id,
            name=wanted.name or f"anonymous-{uuid7()}",
            data=cipher.encrypt(values),
            is_anonymous=wanted.is_anonymous,
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "block_type_id", "name"])
        .returning(block_document.c.id)
    )
    if made.scalar_one_or_none() is None:
        raise ObjectAlreadyExists(f"A block document named {wanted.name!r} of this type exists.")
    await _refer(connection, id, references)
    return await read_block_document(connection, scope, id)


async def read_block_document(
    connection: AsyncConnection, scope: Scope, id: UUID, *, include_secrets: bool = False
) -> BlockDocument:
    """Raises `ObjectNotFound`."""
    clause = sa.and_(block_document.c.workspace_id == scope.workspace_id, block_document.c.id == id)
    found = await _documents(connection, scope, await _rows(connection, clause), include_secrets)
    if not found:
        raise _missing(id)
    return found[0]


async def read_block_document_by_name(
    connection: AsyncConnection, scope: Scope, slug: str, name: str, *, include_secrets: bool
) -> BlockDocument:
    """The document of a block type by name. Raises `ObjectNotFound`."""
    clause = sa.and_(
        block_document.c.workspace_id == scope.workspace_id,
        block_document.c.name == name,
        block_document.c.block_type_id.in_(
            sa.select(block_type.c.id).where(
                block_type.c.workspace_id == scope.workspace_id, block_type.c.slug == slug
            )
        ),
    )
    found = await _documents(connection, scope, await _rows(connection, clause), include_secrets)
    if not found:
        raise ObjectNotFound(f"There is no block document {slug}/{name}.")
    return found[0]


async def read_block_documents_of_type(
    connection: AsyncConnection, scope: Scope, slug: str, *, include_secrets: bool
) -> list[BlockDocument]:
    """The named documents of a block type, by name. Raises `ObjectNotFound` for no such type."""
    of = await read_block_type(connection, scope, slug)
    named = block_documents_matching(scope, None)
    clause = sa.and_(named, block_document.c.block_type_id == of.id)
    rows = await _rows(connection, clause)
    return await _documents(connection, scope, rows, include_secrets)


async def read_block_documents(
    connection: AsyncConnection,
    scope: Scope,
    asked: BlockDocumentCountQuery,
    sort: BlockDocumentSort,
    window: Window,
    *,
    include_secrets: bool,
) -> list[BlockDocument]:
    """One window of the documents that match."""
    rows = await _rows(connection, _matching(scope, asked), sort, window)
    return await _documents(connection, scope, rows, include_secrets)


async def count_block_documents(
    connection: AsyncConnection, scope: Scope, asked: BlockDocumentCountQuery
) -> int:
    """How many documents match."""
    return await count_rows(connection, block_document, _matching(scope, asked))


async def update_block_document(
    connection: AsyncConnection,
    scope: Scope,
    id: UUID,
    update: BlockDocumentUpdate,
    *,
    now: datetime,
) -> None:
    """Change values, all of them unless `merge_existing_data`; a hidden secret keeps its value.

    Raises `ObjectNotFound`, `BlockTypeMismatch` for a schema of another block type, and
    `RequestInvalid` for a document that would contain itself.
    """
    row = await _locked(connection, scope, id)
    schema_id = update.block_schema_id or row["block_schema_id"]
    schema = (await block_schemas_by_id(connection, [schema_id])).get(schema_id)
    # A schema that two types share belongs to the one that had it first.
    is_another = schema_id != row["block_schema_id"]
    if schema is None or (is_another and schema.block_type_id != row["block_type_id"]):
        raise BlockTypeMismatch(
            "The schema of a block document can only be replaced by one of the same block type."
        )
    references, values = _split(update.data)
    await _require_documents(connection, scope, references)
    if await is_within(connection, id, references.values()):
        raise RequestInvalid("A block document cannot refer to itself, or to one that does.")
    cipher = await find_or_create_cipher(connection, scope, now=now)
    replaced = sa.delete(block_document_reference).where(
        block_document_reference.c.parent_block_document_id == id
    )
    if update.merge_existing_data:
        stored = cipher.decrypt(row["data"])
        values = stored | with_secrets_restored(values, stored, secret_paths(schema.fields))
        values = {name: value for name, value in values.items() if name not in references}
        replaced = replaced.where(block_document_reference.c.name.in_(list(update.data)))
    await connection.execute(replaced)
    await _refer(connection, id, references)
    await connection.execute(
        sa.update(block_document)
        .where(block_document.c.id == id)
        .values(data=cipher.encrypt(values), block_schema_id=schema_id, updated=now)
    )


async def delete_block_document(connection: AsyncConnection, scope: Scope, id: UUID) -> None:
    """Raises `ObjectNotFound`. Documents that refer to it lose those values."""
    clause = sa.and_(block_document.c.workspace_id == scope.workspace_id, block_document.c.id == id)
    if not await delete_block_documents(connection, clause):
        raise _missing(id)


def _matching(scope: Scope, asked: BlockDocumentCountQuery) -> Clause:
    return block_documents_matching(
        scope, asked.block_documents, asked.block_types, asked.block_schemas
    )


async def _rows(
    connection: AsyncConnection,
    clause: Clause,
    sort: BlockDocumentSort = BlockDocumentSort.NAME_ASC,
    window: Window | None = None,
) -> list[sa.RowMapping]:
    asked = sa.select(block_document).where(clause).order_by(*_ORDERS[sort])
    if window is not None:
        asked = in_window(asked, window)
    return list((await connection.execute(asked)).mappings())


async def _documents(
    connection: AsyncConnection,
    scope: Scope,
    rows: list[sa.RowMapping],
    include_secrets: bool,
) -> list[BlockDocument]:
    return await assembled_documents(connection, scope, rows, include_secrets=include_secrets)


async def _locked(connection: AsyncConnection, scope: Scope, id: UUID) -> sa.RowMapping:
    found = await connection.execute(
        sa.select(block_document)
        .where(block_document.c.workspace_id == scope.workspace_id, block_document.c.id == id)
        .with_for_update()
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise _missing(id)
    return row


def _split(data: JsonObject) -> tuple[dict[str, UUID], JsonObject]:
    """The fields that refer to other documents, and the values of the rest."""
    references: dict[str, UUID] = {}
    values: JsonObject = {}
    for name, value in data.items():
        reference = document_reference(value)
        if reference is None:
            values[name] = value
            continue
        try:
            references[name] = UUID(str(reference))
        except ValueError:
            raise RequestInvalid(
                f"The field {name!r} refers to the block document {reference!r}: that is no id."
            ) from None
    return references, values


async def _require_schema(
    connection: AsyncConnection, scope: Scope, wanted: BlockDocumentCreate
) -> None:
    for table, id, what in (
        (block_schema, wanted.block_schema_id, "schema"),
        (block_type, wanted.block_type_id, "type"),
    ):
        if not await count_rows(connection, table, _owned(table, scope, [id])):
            raise ObjectAlreadyExists(f"There is no block {what} with the id {id}.")


async def _require_documents(
    connection: AsyncConnection, scope: Scope, references: Mapping[str, UUID]
) -> None:
    ids = set(references.values())
    there = await count_rows(connection, block_document, _owned(block_document, scope, ids))
    if there != len(ids):
        names = ", ".join(repr(name) for name in references)
        raise ObjectAlreadyExists(f"A document that {names} refers to is not there.")


def _owned(table: sa.Table, scope: Scope, ids: Iterable[UUID]) -> Clause:
    return sa.and_(table.c.workspace_id == scope.workspace_id, table.c.id.in_(ids))


async def _refer(connection: AsyncConnection, parent: UUID, references: Mapping[str, UUID]) -> None:
    if not references:
        return
    rows = [
        {"parent_block_document_id": parent, "name": name, "reference_block_document_id": child}
        for name, child in references.items()
    ]
    await connection.execute(sa.insert(block_document_reference), rows)


def _missing(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no block document with the id {id}.")
