"""Collections: what the packages around the server offer, for clients to choose from."""

from typing import Final

from starlette.responses import JSONResponse

from windlass.exceptions import ObjectNotFound
from windlass.schemas.base import JsonObject
from windlass_services.api.collections.worker_types import worker_types
from windlass_services.api.declaring import Routes

router = Routes(prefix="/collections", tags=["Collections"])

WORKER_METADATA: Final = "aggregate-worker-metadata"


@router.get("/views/{view}", response_model=JsonObject)
async def read_view_content(view: str) -> JSONResponse:
    """`aggregate-worker-metadata`: every worker type with its default base job template."""
    if view != WORKER_METADATA:
        message = f"There is no view named {view!r}; there is {WORKER_METADATA!r}."
        raise ObjectNotFound(message)
    return JSONResponse(worker_types())
