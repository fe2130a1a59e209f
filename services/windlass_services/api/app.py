"""The ASGI application: routes under `/api`, probes beside them, credentials before them."""

from functools import cached_property
from typing import Final

import anyio
from starlette.datastructures import State
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from windlass_services.api.context import ApiContext
from windlass_services.api.credentials import RequireCredentials
from windlass_services.api.csrf import CsrfProtection
from windlass_services.api.direct import Direct
from windlass_services.api.probes import probes
from windlass_services.api.routes import ROUTERS

API_PREFIX: Final = "/api"
_DESCRIPTION: Final = frozenset({"/docs", f"{API_PREFIX}/openapi.json"})


class Application:
    """The routes over what the process opened. Start and stop belong to the process."""

    def __init__(self, context: ApiContext) -> None:
        self.state = State({"context": context})
        self._describing = anyio.Lock()
        settings = context.settings.server.api
        inside: ASGIApp = self._answer
        if settings.csrf_protection_enabled:
            inside = CsrfProtection(inside, context=context)
        if context.callers.credentials.are_required:
            inside = RequireCredentials(inside, callers=context.callers)
        self._stack = ServerErrorMiddleware(inside)
        self._direct = Direct([("", probes), *((API_PREFIX, routes) for routes in ROUTERS)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one websocket."""
        scope["app"] = self
        await self._stack(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in _DESCRIPTION:
            async with self._describing:
                description = await anyio.to_thread.run_sync(lambda: self._description)
            await description(scope, receive, send)
        else:
            await self._direct(scope, receive, send)

    @cached_property
    def _description(self) -> ASGIApp:
        # What it imports and builds takes a second, and most servers are never asked for it.
        from windlass_services.api.document import document_app  # noqa: PLC0415

        return document_app(ROUTERS, API_PREFIX)


def create_app(context: ApiContext) -> Application:
    """Build the application over what the process opened."""
    return Application(context)
