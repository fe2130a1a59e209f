"""Blocks: their types, the schemas of a type, and the documents that hold values."""

import sqlalchemy as sa

from .common import Json, created, identity, metadata, updated, workspace

block_type = sa.Table(
    "block_type",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("logo_url", sa.Text),
    sa.Column("documentation_url", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("code_example", sa.Text),
    sa.Column("is_protected", sa.Boolean, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "slug"),
    sa.Index(None, "workspace_id", "name", "id"),
)

block_schema = sa.Table(
    "block_schema",
    metadata,
    identity(),
    workspace(),
    sa.Column("block_type_id", sa.Uuid, nullable=False),
    sa.Column("checksum", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("fields", Json, nullable=False),
    sa.Column("capabilities", Json, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "checksum", "version"),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "block_type_id", "created", "id"),
)
"""`fields` is the schema without the definitions of the blocks it refers to."""

block_schema_reference = sa.Table(
    "block_schema_reference",
    metadata,
    sa.Column("parent_block_schema_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("reference_block_schema_id", sa.Uuid, primary_key=True),
    sa.Index(None, "reference_block_schema_id"),
)
"""A field may refer to several schemas: a union of blocks."""

block_document = sa.Table(
    "block_document",
    metadata,
    identity(),
    workspace(),
    sa.Column("block_type_id", sa.Uuid, nullable=False),
    sa.Column("block_schema_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("is_anonymous", sa.Boolean, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "block_type_id", "name"),
    sa.Index(None, "workspace_id", "name", "id"),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "block_schema_id"),
)
"""`data` is encrypted as a whole, and holds no part of the documents it refers to."""

block_document_reference = sa.Table(
    "block_document_reference",
    metadata,
    sa.Column("parent_block_document_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("reference_block_document_id", sa.Uuid, nullable=False),
    sa.Index(None, "reference_block_document_id"),
)
