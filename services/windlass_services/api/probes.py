"""`/health/live`, `/health/ready` and `/metrics`: what an orchestrator of processes asks for."""

from starlette.responses import JSONResponse, Response

from windlass_services.api.context import InContext
from windlass_services.api.declaring import Routes
from windlass_services.runtime.exposition import CONTENT_TYPE, exposition
from windlass_services.runtime.health import live_answer, ready_answer

probes = Routes(include_in_schema=False)


@probes.get("/health/live")
async def live(context: InContext) -> JSONResponse:
    """200 as long as no loop is silent for too long."""
    status, body = live_answer(context.services.pulse)
    return JSONResponse(body, status)


@probes.get("/health/ready")
async def ready(context: InContext) -> JSONResponse:
    """200 when the database and the broker answer."""
    status, body = await ready_answer(
        {"database": context.database.ping, "broker": context.streams.ping}
    )
    return JSONResponse(body, status)


@probes.get("/metrics")
async def metrics(context: InContext) -> Response:
    """What Prometheus scrapes."""
    return Response(exposition(context.services.pulse), media_type=CONTENT_TYPE)
