"""Administration: which version is served, with which settings."""

from windlass.schemas.base import JsonObject
from windlass.settings.view import documented_values
from windlass_services.api.context import InContext
from windlass_services.api.declaring import Routes
from windlass_services.api.settings_schema import settings_response
from windlass_services.api.versions import SERVED_API_VERSION

router = Routes(prefix="/admin", tags=["Admin"])


@router.get("/settings", openapi_extra={"responses": {"200": settings_response()}})
async def read_settings(context: InContext) -> JsonObject:
    """The settings of this process by their groups; secrets are masked."""
    return documented_values(context.settings)


@router.get("/version")
async def read_version() -> str:
    """The version of Prefect's API that is served: a stock client does not start without it."""
    return SERVED_API_VERSION
