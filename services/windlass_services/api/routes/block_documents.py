"""Block documents."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.blocks import BlockDocument, BlockDocumentCreate, BlockDocumentUpdate
from windlass.schemas.filters.blocks import BlockDocumentCountQuery, BlockDocumentQuery
from windlass.schemas.filters.sorting import BlockDocumentSort
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import block_documents

router = Routes(prefix="/block_documents", tags=["Block documents"])


@router.post("/", status_code=201, response_model=BlockDocument)
async def create_block_document(
    context: InContext, scope: InScope, wanted: BlockDocumentCreate
) -> Response:
    """Make a document; what is secret in it is not answered."""
    async with context.database.write() as connection:
        made = await block_documents.create_block_document(
            connection, scope, wanted, now=context.clock()
        )
    return answer(made, 201)


@router.post("/count")
async def count_block_documents(
    context: InContext,
    scope: InScope,
    query: Annotated[BlockDocumentCountQuery | None, Body()] = None,
) -> int:
    """How many documents match."""
    asked = query or BlockDocumentCountQuery()
    async with context.database.read() as connection:
        return await block_documents.count_block_documents(connection, scope, asked)


@router.post("/filter", response_model=list[BlockDocument])
async def read_block_documents(
    context: InContext, scope: InScope, query: Annotated[BlockDocumentQuery | None, Body()] = None
) -> Response:
    """Documents that match, in the order asked for."""
    query = query or BlockDocumentQuery()
    window = window_of(context, query.limit, query.offset)
    sort = query.sort or BlockDocumentSort.NAME_ASC
    async with context.database.read() as connection:
        found = await block_documents.read_block_documents(
            connection, scope, query, sort, window, include_secrets=query.include_secrets
        )
    return answer_list(found)


@router.get("/{id}", response_model=BlockDocument)
async def read_block_document_by_id(
    context: InContext, scope: InScope, id: UUID, include_secrets: bool = False
) -> Response:
    """One document."""
    async with context.database.read() as connection:
        return answer(
            await block_documents.read_block_document(
                connection, scope, id, include_secrets=include_secrets
            )
        )


@router.patch("/{id}", status_code=204)
async def update_block_document_data(
    context: InContext, scope: InScope, id: UUID, update: BlockDocumentUpdate
) -> None:
    """Change values."""
    async with context.database.write() as connection:
        await block_documents.update_block_document(
            connection, scope, id, update, now=context.clock()
        )


@router.delete("/{id}", status_code=204)
async def delete_block_document(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a document."""
    async with context.database.write() as connection:
        await block_documents.delete_block_document(connection, scope, id)
