"""Block documents with the values of those that they refer to in their places."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.base import JsonObject
from windlass.schemas.block_fields import obfuscated, secret_paths
from windlass.schemas.blocks import BlockDocument, BlockSchema, BlockType
from windlass_services.storage.block_schemas import block_schemas_by_id
from windlass_services.storage.block_types import block_types_by_id
from windlass_services.storage.encryption import Cipher, NotDecrypted, read_cipher
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import block_document, block_document_reference

_logger = logging.getLogger(__name__)


async def assembled_documents(
    connection: AsyncConnection,
    scope: Scope,
    rows: Sequence[sa.RowMapping],
    *,
    include_secrets: bool,
) -> list[BlockDocument]:
    """The documents of these rows, in their order: two queries for each depth of nesting.

    Without `include_secrets`, what its own schema or that of a document around it calls secret is
    hidden.
    """
    if not rows:
        return []
    cipher = await read_cipher(connection, scope)
    assert cipher is not None
    family = await _read_family(connection, rows)
    every = family.rows.values()
    types = await block_types_by_id(connection, (row["block_type_id"] for row in every))
    schemas = await block_schemas_by_id(connection, (row["block_schema_id"] for row in every))
    assembly = _Assembly(family, cipher, types, schemas, include_secrets)
    return [assembly.document(row) for row in rows]


async def is_within(connection: AsyncConnection, id: UUID, others: Iterable[UUID]) -> bool:
    """Whether a document is one of some others, or of those that they refer to."""
    return id in (await _read_links(connection, others))[1]


@dataclass(slots=True)
class _Family:
    """Rows of documents, with those of all the documents that they refer to."""

    rows: dict[UUID, sa.RowMapping]
    references: dict[UUID, dict[str, UUID]]


@dataclass(frozen=True, slots=True)
class _Assembly:
    family: _Family
    cipher: Cipher
    types: dict[UUID, BlockType]
    schemas: dict[UUID, BlockSchema]
    include_secrets: bool

    def document(self, row: sa.RowMapping) -> BlockDocument:
        """One document, whole."""
        of = self.types.get(row["block_type_id"])
        return BlockDocument.model_construct(
            id=row["id"],
            created=row["created"],
            updated=row["updated"],
            name=row["name"],
            data=self._data(row, frozenset()),
            block_schema_id=row["block_schema_id"],
            block_schema=self.schemas.get(row["block_schema_id"]),
            block_type_id=row["block_type_id"],
            block_type_name=None if of is None else of.name,
            block_type=of,
            block_document_references=self._references(row, frozenset()),
            is_anonymous=row["is_anonymous"],
        )

    def _data(self, row: sa.RowMapping, around: frozenset[UUID]) -> JsonObject:
        nested = {
            name: self._data(child, around | {row["id"]})
            for name, child in self._children(row, around)
        }
        data = self._own_data(row) | nested
        schema = self.schemas.get(row["block_schema_id"])
        if self.include_secrets or schema is None:
            return data
        return obfuscated(data, secret_paths(schema.fields))

    def _own_data(self, row: sa.RowMapping) -> JsonObject:
        try:
            return self.cipher.decrypt(row["data"])
        except NotDecrypted:
            # One bad row must not take the list of all the others away.
            _logger.exception("The block document %s cannot be decrypted", row["id"])
            return {}

    def _references(self, row: sa.RowMapping, around: frozenset[UUID]) -> dict[str, JsonObject]:
        return {
            name: {
                "block_document": {
                    "id": str(child["id"]),
                    "name": child["name"],
                    "block_type": to_jsonable_python(self.types.get(child["block_type_id"])),
                    "is_anonymous": child["is_anonymous"],
                    "block_document_references": self._references(child, around | {row["id"]}),
                }
            }
            for name, child in self._children(row, around)
        }

    def _children(
        self, row: sa.RowMapping, around: frozenset[UUID]
    ) -> list[tuple[str, sa.RowMapping]]:
        # Two updates at once can close a circle, although neither alone does.
        closed = around | {row["id"]}
        return [
            (name, self.family.rows[id])
            for name, id in self.family.references.get(row["id"], {}).items()
            if id in self.family.rows and id not in closed
        ]


async def _read_family(connection: AsyncConnection, rows: Sequence[sa.RowMapping]) -> _Family:
    family = _Family({row["id"]: row for row in rows}, {})
    family.references, ids = await _read_links(connection, family.rows)
    if missing := ids - family.rows.keys():
        found = await connection.execute(
            sa.select(block_document).where(block_document.c.id.in_(missing))
        )
        family.rows |= {row["id"]: row for row in found.mappings()}
    return family


async def _read_links(
    connection: AsyncConnection, ids: Iterable[UUID]
) -> tuple[dict[UUID, dict[str, UUID]], set[UUID]]:
    """By document, the fields that refer to others; and the ids of all of them together."""
    references: dict[UUID, dict[str, UUID]] = {}
    asked: set[UUID] = set(ids)
    seen: set[UUID] = set()
    while asked:
        seen |= asked
        links = await connection.execute(
            sa.select(block_document_reference).where(
                block_document_reference.c.parent_block_document_id.in_(asked)
            )
        )
        asked = set[UUID]()
        for link in links:
            of = references.setdefault(link.parent_block_document_id, {})
            of[link.name] = link.reference_block_document_id
            asked.add(link.reference_block_document_id)
        asked -= seen
    return references, seen
