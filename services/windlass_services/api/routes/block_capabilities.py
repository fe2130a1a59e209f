"""What blocks can do."""

from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage import block_schemas

router = Routes(prefix="/block_capabilities", tags=["Block capabilities"])


@router.get("/")
async def read_available_block_capabilities(context: InContext, scope: InScope) -> list[str]:
    """Everything that some block can do, sorted."""
    async with context.database.read() as connection:
        return await block_schemas.read_capabilities(connection, scope)
