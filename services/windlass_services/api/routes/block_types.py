"""Block types, and the documents of one."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import Forbidden
from windlass.schemas.blocks import BlockDocument, BlockType, BlockTypeCreate, BlockTypeUpdate
from windlass.schemas.filters.blocks import BlockTypeQuery
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.system_blocks import install_system_blocks
from windlass_services.api.windows import window_of
from windlass_services.storage import block_documents, block_types

router = Routes(prefix="/block_types", tags=["Block types"])


@router.post("/", status_code=201, response_model=BlockType)
async def create_block_type(
    context: InContext, scope: InScope, wanted: BlockTypeCreate
) -> Response:
    """Make a block type."""
    if wanted.name.lower().startswith("prefect"):
        raise Forbidden("Block type names beginning with 'Prefect' are reserved.")
    async with context.database.write() as connection:
        made = await block_types.create_block_type(connection, scope, wanted, now=context.clock())
    return answer(made, 201)


@router.post("/filter", response_model=list[BlockType])
async def read_block_types(
    context: InContext, scope: InScope, query: Annotated[BlockTypeQuery | None, Body()] = None
) -> Response:
    """Block types that match, by name."""
    query = query or BlockTypeQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await block_types.read_block_types(
            connection, scope, query.block_types, query.block_schemas, window
        )
    return answer_list(found)


@router.post("/install_system_block_types")
async def install_system_block_types(context: InContext, scope: InScope) -> Response:
    """Make the server's own block types, or bring them up to date."""
    await install_system_blocks(context.database, scope, now=context.clock())
    return Response("null", media_type="application/json")


@router.get("/slug/{slug}", response_model=BlockType)
async def read_block_type_by_slug(context: InContext, scope: InScope, slug: str) -> Response:
    """The block type of this slug."""
    async with context.database.read() as connection:
        return answer(await block_types.read_block_type(connection, scope, slug))


@router.get("/slug/{slug}/block_documents", response_model=list[BlockDocument])
async def read_block_documents_for_block_type(
    context: InContext, scope: InScope, slug: str, include_secrets: bool = False
) -> Response:
    """The documents of a block type, by name."""
    async with context.database.read() as connection:
        found = await block_documents.read_block_documents_of_type(
            connection, scope, slug, include_secrets=include_secrets
        )
    return answer_list(found)


@router.get("/slug/{slug}/block_documents/name/{block_document_name}", response_model=BlockDocument)
async def read_block_document_by_name_for_block_type(
    context: InContext,
    scope: InScope,
    slug: str,
    block_document_name: str,
    include_secrets: bool = False,
) -> Response:
    """The document of a block type by name."""
    async with context.database.read() as connection:
        found = await block_documents.read_block_document_by_name(
            connection, scope, slug, block_document_name, include_secrets=include_secrets
        )
    return answer(found)


@router.get("/{id}", response_model=BlockType)
async def read_block_type_by_id(context: InContext, scope: InScope, id: UUID) -> Response:
    """One block type."""
    async with context.database.read() as connection:
        return answer(await block_types.read_block_type(connection, scope, id))


@router.patch("/{id}", status_code=204)
async def update_block_type(
    context: InContext, scope: InScope, id: UUID, update: BlockTypeUpdate
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await block_types.update_block_type(connection, scope, id, update, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_block_type(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a block type with its schemas and documents."""
    async with context.database.write() as connection:
        await block_types.delete_block_type(connection, scope, id)
