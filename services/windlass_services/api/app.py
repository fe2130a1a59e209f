"""The ASGI application: routes under `/api`, probes beside them."""

from fastapi import FastAPI

from windlass._version import __version__
from windlass_services.api.context import ApiContext
from windlass_services.api.credentials import Credentials, RequireCredentials
from windlass_services.api.csrf import CsrfProtection
from windlass_services.api.direct_lane import DirectLane
from windlass_services.api.errors import add_error_handlers
from windlass_services.api.probes import add_probes
from windlass_services.api.routes import ROUTERS

API_PREFIX = "/api"


def create_app(context: ApiContext) -> FastAPI:
    """Build the application over what the process opened. Start and stop belong to the process."""
    app = FastAPI(
        title="Windlass API",
        version=__version__,
        docs_url="/docs",
        redoc_url=None,
        openapi_url=f"{API_PREFIX}/openapi.json",
        # The stock client sends some bodies without saying that they are JSON.
        strict_content_type=False,
    )
    app.state.context = context
    routes = [route for router in ROUTERS for route in router.routes]
    # Before every other middleware, so that it is inside them all.
    app.add_middleware(DirectLane, routes=routes, prefix=API_PREFIX)
    if context.settings.server.api.csrf_protection_enabled:
        app.add_middleware(CsrfProtection, context=context)
    credentials = Credentials.of(context.settings.server.api)
    if credentials.are_required:
        app.add_middleware(RequireCredentials, credentials=credentials)
    add_error_handlers(app)
    add_probes(app, context)
    for router in ROUTERS:
        app.include_router(router, prefix=API_PREFIX)
    return app
