"""Is the server there, is it ready, which version is it."""

from starlette.responses import JSONResponse

from windlass.exceptions import WindlassError
from windlass_services.api.context import InContext
from windlass_services.api.declaring import Routes
from windlass_services.api.versions import HTTP_API_VERSION

router = Routes(tags=["Root"])


@router.get("/health")
async def read_health() -> bool:
    """True: the process answers."""
    return True


@router.get("/hello")
async def hello() -> str:
    """Say hello."""
    return "👋"


@router.get("/ready")
async def perform_readiness_check(context: InContext) -> JSONResponse:
    """200 when the database answers, 503 when it does not."""
    try:
        await context.database.ping()
    except WindlassError as error:
        return JSONResponse({"message": f"Database is not available: {error}"}, status_code=503)
    return JSONResponse({"message": "OK"})


@router.get("/version")
async def read_version() -> str:
    """The version of the HTTP interface that is served."""
    return HTTP_API_VERSION
