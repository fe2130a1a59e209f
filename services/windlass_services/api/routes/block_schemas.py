"""Block schemas."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.blocks import BlockSchema, BlockSchemaCreate
from windlass.schemas.filters.blocks import BlockSchemaQuery
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import block_schemas

router = Routes(prefix="/block_schemas", tags=["Block schemas"])


@router.post("/", status_code=201, response_model=BlockSchema)
async def create_block_schema(
    context: InContext, scope: InScope, wanted: BlockSchemaCreate
) -> Response:
    """Make a schema, or answer 200 with the one of its checksum and version."""
    async with context.database.write() as connection:
        schema, is_new = await block_schemas.find_or_create_block_schema(
            connection, scope, wanted, now=context.clock()
        )
    return answer(schema, 201 if is_new else 200)


@router.post("/filter", response_model=list[BlockSchema])
async def read_block_schemas(
    context: InContext, scope: InScope, query: Annotated[BlockSchemaQuery | None, Body()] = None
) -> Response:
    """Schemas that match, the newest first."""
    query = query or BlockSchemaQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await block_schemas.read_block_schemas(
            connection, scope, query.block_schemas, window
        )
    return answer_list(found)


@router.get("/checksum/{checksum}", response_model=BlockSchema)
async def read_block_schema_by_checksum(
    context: InContext, scope: InScope, checksum: str, version: str | None = None
) -> Response:
    """The newest schema of this checksum, or that of one version."""
    async with context.database.read() as connection:
        return answer(
            await block_schemas.read_block_schema_by_checksum(connection, scope, checksum, version)
        )


@router.get("/{id}", response_model=BlockSchema)
async def read_block_schema_by_id(context: InContext, scope: InScope, id: UUID) -> Response:
    """One schema."""
    async with context.database.read() as connection:
        return answer(await block_schemas.read_block_schema(connection, scope, id))


@router.delete("/{id}", status_code=204)
async def delete_block_schema(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a schema with its documents."""
    async with context.database.write() as connection:
        await block_schemas.delete_block_schema(connection, scope, id)
