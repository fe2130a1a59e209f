"""Which block types, schemas and documents a filter means."""

import sqlalchemy as sa

from windlass.schemas.filters.blocks import (
    BlockDocumentFilter,
    BlockSchemaFilter,
    BlockSchemaFilterCapabilities,
    BlockTypeFilter,
)
from windlass_services.storage.filters.criteria import Clause, combine, has_all, on_column
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import block_document, block_schema, block_type


def block_types_matching(
    scope: Scope, asked: BlockTypeFilter | None, schemas: BlockSchemaFilter | None = None
) -> Clause:
    """Block types of the workspace that match, one of whose schemas matches if that is asked."""
    clauses = [block_type.c.workspace_id == scope.workspace_id]
    if asked is not None:
        clauses.append(_where_types(asked))
    if schemas is not None:
        of = sa.select(block_schema.c.block_type_id).where(block_schemas_matching(scope, schemas))
        clauses.append(block_type.c.id.in_(of))
    return sa.and_(*clauses)


def block_schemas_matching(scope: Scope, asked: BlockSchemaFilter | None) -> Clause:
    """Block schemas of the workspace that match."""
    in_workspace = block_schema.c.workspace_id == scope.workspace_id
    return in_workspace if asked is None else sa.and_(in_workspace, _where_schemas(asked))


def block_documents_matching(
    scope: Scope,
    asked: BlockDocumentFilter | None,
    types: BlockTypeFilter | None = None,
    schemas: BlockSchemaFilter | None = None,
) -> Clause:
    """Block documents of the workspace that match, their types and schemas too; without a filter,
    those that are named.
    """
    clauses = [
        block_document.c.workspace_id == scope.workspace_id,
        _where_documents(asked or BlockDocumentFilter()),
    ]
    if types is not None:
        of = sa.select(block_type.c.id).where(block_types_matching(scope, types))
        clauses.append(block_document.c.block_type_id.in_(of))
    if schemas is not None:
        of = sa.select(block_schema.c.id).where(block_schemas_matching(scope, schemas))
        clauses.append(block_document.c.block_schema_id.in_(of))
    return sa.and_(*clauses)


def _where_types(asked: BlockTypeFilter) -> Clause:
    return combine(
        asked, on_column(block_type.c.name, asked.name), on_column(block_type.c.slug, asked.slug)
    )


def _where_schemas(asked: BlockSchemaFilter) -> Clause:
    return combine(
        asked,
        on_column(block_schema.c.block_type_id, asked.block_type_id),
        _capable(asked.block_capabilities),
        on_column(block_schema.c.id, asked.id),
        on_column(block_schema.c.version, asked.version),
    )


def _capable(asked: BlockSchemaFilterCapabilities | None) -> Clause | None:
    if asked is None or asked.all_ is None:
        return None
    return has_all(block_schema.c.capabilities, asked.all_)


def _where_documents(asked: BlockDocumentFilter) -> Clause:
    return combine(
        asked,
        on_column(block_document.c.id, asked.id),
        on_column(block_document.c.is_anonymous, asked.is_anonymous),
        on_column(block_document.c.block_type_id, asked.block_type_id),
        on_column(block_document.c.name, asked.name),
    )
