"""Requests that change something are refused unless they carry the token of their client."""

import secrets
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from windlass.exceptions import CsrfTokenNeeded
from windlass_services.api.context import ApiContext, scope_of
from windlass_services.api.errors import render_error
from windlass_services.storage import csrf_tokens

_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class CsrfProtection:
    """Middleware: 403 for what changes something without a token that is valid now."""

    def __init__(self, app: ASGIApp, *, context: ApiContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _METHODS:
            refusal = await self._refusal(Request(scope))
            if refusal is not None:
                await render_error(CsrfTokenNeeded(f"{refusal} {_HOW}"))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refusal(self, request: Request) -> str | None:
        token = request.headers.get("Prefect-Csrf-Token")
        client = request.headers.get("Prefect-Csrf-Client")
        if token is None:
            return "Missing CSRF token."
        if client is None:
            return "Missing client identifier."
        async with self._context.database.read() as connection:
            valid = await csrf_tokens.read_csrf_token(
                connection, await scope_of(request), client, now=self._context.clock()
            )
        # A stock client that reads this sentence gets itself a new token.
        if valid is None or not secrets.compare_digest(valid.encode(), token.encode()):
            return "Invalid CSRF token or client identifier."
        return None


_HOW: Final = (
    "Get a token with `GET /api/csrf-token?client=<any id of yours>`, and send it as"
    " `Prefect-Csrf-Token` with the id as `Prefect-Csrf-Client`."
)
