"""Block types, schemas and documents as the API has them: registered, written, found."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from windlass.blocks.errors import BlockNameTaken, BlockNotFound
from windlass.client.orchestration import WindlassClient, get_client
from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.schemas.base import JsonObject
from windlass.schemas.block_fields import block_schema_checksum
from windlass.schemas.blocks import (
    BlockDocument,
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchema,
    BlockSchemaCreate,
    BlockType,
    BlockTypeCreate,
    BlockTypeUpdate,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A block class as the API has to know it."""

    type: BlockTypeCreate
    fields: JsonObject
    capabilities: Sequence[str]
    version: str


@asynccontextmanager
async def using(client: WindlassClient | None) -> AsyncGenerator[WindlassClient]:
    """The client that was given, or one of our own for as long as the block runs."""
    if client is not None:
        yield client
        return
    async with get_client() as own:
        yield own


async def register(client: WindlassClient, declared: Declared) -> BlockSchema:
    """Make the type and the schema of a class, or bring the type up to date."""
    of = await _registered_type(client, declared.type)
    checksum = block_schema_checksum(declared.fields)
    try:
        return await client.read_block_schema_by_checksum(checksum, declared.version)
    except ObjectNotFound:
        wanted = BlockSchemaCreate(
            fields=declared.fields,
            block_type_id=of.id,
            capabilities=list(declared.capabilities),
            version=declared.version,
        )
        return await client.create_block_schema(wanted)


async def put_document(
    client: WindlassClient,
    slug: str,
    schema: BlockSchema,
    name: str,
    data: JsonObject,
    *,
    overwrite: bool,
) -> BlockDocument:
    """Write a document. Raises BlockNameTaken for one that is there, unless `overwrite`."""
    assert schema.block_type_id is not None
    wanted = BlockDocumentCreate(
        name=name,
        data=data,
        block_schema_id=schema.id,
        block_type_id=schema.block_type_id,
    )
    try:
        return await client.create_block_document(wanted, include_secrets=False)
    except ObjectAlreadyExists as error:
        if not overwrite:
            raise BlockNameTaken(
                f"There is a block document {slug}/{name} already. Save with `overwrite=True` to"
                " replace its values."
            ) from error
    found = await client.read_block_document_by_name(name, slug, include_secrets=False)
    update = BlockDocumentUpdate(block_schema_id=schema.id, data=data, merge_existing_data=False)
    await client.update_block_document(found.id, update)
    return found


async def find_document(client: WindlassClient, slug: str, name: str) -> BlockDocument:
    """Raises BlockNotFound."""
    try:
        return await client.read_block_document_by_name(name, slug)
    except ObjectNotFound as error:
        raise BlockNotFound(
            f"Unable to find block document named {name} for block type {slug}"
        ) from error


async def find_referenced(
    client: WindlassClient, reference: str | UUID | Mapping[str, Any]
) -> BlockDocument:
    """The document of an id, or of `{"block_document_id": ...}` or `{"block_document_slug": ...}`.

    Raises BlockNotFound, and ValueError for anything else.
    """
    said: Any = reference
    if isinstance(reference, Mapping):
        if slug := reference.get("block_document_slug"):
            return await find_document(client, *_slug_and_name(slug))
        said = reference.get("block_document_id")
        if said is None:
            raise ValueError(f"Invalid reference format {dict(reference)!r}.")
    id = said if isinstance(said, UUID) else _id(cast(str, said))
    try:
        return await client.read_block_document(id)
    except ObjectNotFound as error:
        raise BlockNotFound(f"Unable to find block document with ID {id}") from error


async def _registered_type(client: WindlassClient, declared: BlockTypeCreate) -> BlockType:
    try:
        found = await client.read_block_type_by_slug(declared.slug)
    except ObjectNotFound:
        return await client.create_block_type(declared)
    said = {name: getattr(declared, name) for name in BlockTypeUpdate.model_fields}
    if any(getattr(found, name) != value for name, value in said.items()):
        await client.update_block_type(found.id, BlockTypeUpdate(**said))
    return found


def _slug_and_name(slug: str) -> tuple[str, str]:
    of, _, name = slug.partition("/")
    if not name:
        raise ValueError(f"A block document is named <type slug>/<name>, not {slug!r}.")
    return of, name


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValueError(f"Block document ID {text!r} is not a valid UUID") from error
