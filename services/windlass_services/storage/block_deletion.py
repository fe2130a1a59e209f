"""Block schemas and documents deleted with what hangs on them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.tables import (
    block_document,
    block_document_reference,
    block_schema,
    block_schema_reference,
)


async def delete_block_schemas(connection: AsyncConnection, which: Clause) -> int:
    """Delete block schemas and their documents; how many schemas there were."""
    schemas = sa.select(block_schema.c.id).where(which)
    await delete_block_documents(connection, block_document.c.block_schema_id.in_(schemas))
    links = block_schema_reference.c
    await _unlink(
        connection,
        block_schema_reference,
        schemas,
        (links.parent_block_schema_id, links.reference_block_schema_id),
    )
    return (await connection.execute(sa.delete(block_schema).where(which))).rowcount


async def delete_block_documents(connection: AsyncConnection, which: Clause) -> int:
    """Delete block documents, and the values of others that came from them; how many there were."""
    documents = sa.select(block_document.c.id).where(which)
    links = block_document_reference.c
    await _unlink(
        connection,
        block_document_reference,
        documents,
        (links.parent_block_document_id, links.reference_block_document_id),
    )
    return (await connection.execute(sa.delete(block_document).where(which))).rowcount


async def _unlink(
    connection: AsyncConnection,
    table: sa.Table,
    ids: sa.Select[Any],
    columns: tuple[sa.Column[Any], ...],
) -> None:
    for column in columns:
        await connection.execute(sa.delete(table).where(column.in_(ids)))
