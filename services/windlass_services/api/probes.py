"""`/health/live`, `/health/ready` and `/metrics`: what an orchestrator of processes asks for."""

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from windlass_services.api.context import ApiContext
from windlass_services.runtime.health import live_answer, ready_answer


def add_probes(app: FastAPI, context: ApiContext) -> None:
    """Live = no loop is silent for too long. Ready = the database and the broker answer."""

    async def live() -> JSONResponse:
        status, body = live_answer(context.services.pulse)
        return JSONResponse(body, status)

    async def ready() -> JSONResponse:
        status, body = await ready_answer(
            {"database": context.database.ping, "broker": context.streams.ping}
        )
        return JSONResponse(body, status)

    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.add_api_route("/health/live", live, include_in_schema=False)
    app.add_api_route("/health/ready", ready, include_in_schema=False)
    app.add_api_route("/metrics", metrics, include_in_schema=False)
