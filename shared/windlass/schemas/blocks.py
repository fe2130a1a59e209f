"""Blocks: a type, the schemas that its classes had over time, and documents with values."""

import re
from typing import Annotated, Final, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from windlass.schemas.base import JsonObject, Shape, Stored
from windlass.schemas.block_fields import BlockFields
from windlass.schemas.fields import ObjectName

DEFAULT_BLOCK_SCHEMA_VERSION: Final = "non-versioned"
"""The version of a schema whose class says none."""

_SLUG: Final = re.compile(r"[a-z0-9-]+")


def _check_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise ValueError("must only contain lowercase letters, numbers, and dashes")
    return slug


BlockTypeSlug: TypeAlias = Annotated[str, AfterValidator(_check_slug)]
DocumentName: TypeAlias = Annotated[ObjectName, AfterValidator(_check_slug)]


class BlockTypeUpdate(Shape):
    """What to change of a block type: only the fields that are set (`model_fields_set`)."""

    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockTypeCreate(BlockTypeUpdate):
    """A block type to create."""

    name: ObjectName
    slug: BlockTypeSlug


class BlockType(Stored):
    """A block type: what people pick from when they configure a block."""

    name: ObjectName
    slug: str
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None
    is_protected: bool = False
    """Whether it is one of the server's own, which cannot be deleted."""


class BlockSchemaCreate(Shape):
    """A block schema to create, or to find by its checksum and version."""

    fields: BlockFields = Field(default_factory=dict)
    block_type_id: UUID
    capabilities: list[str] = Field(default_factory=list)
    version: str = DEFAULT_BLOCK_SCHEMA_VERSION


class BlockSchema(Stored):
    """What the documents of a block type look like, at one time."""

    checksum: str
    fields: JsonObject = Field(default_factory=dict)
    block_type_id: UUID | None
    block_type: BlockType | None = None
    capabilities: list[str] = Field(default_factory=list)
    version: str = DEFAULT_BLOCK_SCHEMA_VERSION


class BlockDocumentCreate(Shape):
    """A block document to create. Without a name it must be anonymous."""

    name: DocumentName | None = None
    data: JsonObject = Field(default_factory=dict)
    """Values by field; `{"$ref": {"block_document_id": ...}}` stands for another document."""
    block_schema_id: UUID
    block_type_id: UUID
    is_anonymous: bool = False

    @model_validator(mode="after")
    def _is_named_or_anonymous(self) -> Self:
        if not self.name and not self.is_anonymous:
            raise ValueError("Names must be provided for block documents that are not anonymous.")
        return self


class BlockDocumentUpdate(Shape):
    """What to change of a block document."""

    block_schema_id: UUID | None = None
    """Another schema of the same block type."""
    data: JsonObject = Field(default_factory=dict)
    merge_existing_data: bool = True
    """Whether values that `data` does not name are kept."""


class BlockDocument(Stored):
    """The values of a block, with those of the blocks it refers to in their places."""

    name: ObjectName | None = None
    data: JsonObject = Field(default_factory=dict)
    block_schema_id: UUID
    block_schema: BlockSchema | None = None
    block_type_id: UUID
    block_type_name: str | None = None
    block_type: BlockType | None = None
    block_document_references: dict[str, JsonObject] = Field(default_factory=dict)
    """By field, `{"block_document": {...}}` of the document that its value comes from."""
    is_anonymous: bool = False
