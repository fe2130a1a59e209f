"""Who may call: one layer for HTTP and websockets.

The documented pair `user:password` (basic authentication, as `WINDLASS_API_AUTH_STRING` of a
client), a key of ours (a bearer token, as `WINDLASS_API_KEY`), and the token of a flow run (as a
key, or in the header `X-Windlass-Run-Token`). Health answers to everybody.
"""

import secrets
from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from windlass.exceptions import Forbidden, NotAuthenticated
from windlass.schemas.executions import RUN_TOKEN_HEADER
from windlass.settings.secret import Secret
from windlass.settings.server.api import ServerAPISettings
from windlass_services.api.errors import render_error
from windlass_services.api.run_tokens import RunTokens
from windlass_services.storage.scope import Scope

OPEN_PATHS: Final = frozenset({"/api/health", "/api/ready", "/health/live", "/health/ready"})
"""What asks whether a server is well cannot always say who it is, and learns nothing else."""

_CALLER: Final = "windlass.caller"
_HANDSHAKE: Final = ("/api/events/out", "/api/logs/out", "/api/task_runs/subscriptions/scheduled")
"""Sockets whose first frame brings the credentials, which `accept_subscriber` looks at."""

_NOT_FOR_RUN_TOKENS: Final = ("/api/admin/database", "/api/admin/dead_letters")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller has to know. Both None: nothing is asked of anybody."""

    pair: str | None
    """`user:password`."""
    key: str | None

    @classmethod
    def of(cls, settings: ServerAPISettings) -> "Credentials":
        """The credentials that the server was started with."""
        return cls(_revealed(settings.auth_string), _revealed(settings.key))

    @property
    def are_required(self) -> bool:
        """Whether anything is asked at all."""
        return self.pair is not None or self.key is not None

    def accept_header(self, header: str | None) -> bool:
        """Whether an `Authorization` header is right."""
        scheme, _, value = (header or "").partition(" ")
        match scheme.lower():
            case "basic":
                return _same(self.pair, _decoded(value))
            case "bearer":
                return _same(self.key, value)
            case _:
                return False

    def accept_token(self, token: object) -> bool:
        """Whether the token in the first frame of a websocket is right."""
        return isinstance(token, str) and (_same(self.pair, token) or _same(self.key, token))


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call."""

    execution_id: str | None = None
    """The execution whose run token was brought: the caller speaks for this one only."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows who calls, by what was brought."""

    credentials: Credentials
    run_tokens: RunTokens

    async def known_by_headers(self, headers: Headers) -> Caller | None:
        """Who sent a request, or opened a websocket; None for a stranger."""
        authorization = headers.get("authorization")
        if self.credentials.accept_header(authorization):
            return Caller()
        scheme, _, value = (authorization or "").partition(" ")
        bearer = value if scheme.lower() == "bearer" else None
        return await self._run_of(headers.get(RUN_TOKEN_HEADER) or bearer)

    async def known_by_token(self, token: object) -> Caller | None:
        """Who said this in the first frame of a websocket."""
        if self.credentials.accept_token(token):
            return Caller()
        return await self._run_of(token if isinstance(token, str) else None)

    async def _run_of(self, token: str | None) -> Caller | None:
        execution_id = await self.run_tokens.execution_of(Scope(), token)
        return None if execution_id is None else Caller(execution_id)


class RequireCredentials:
    """ASGI middleware: 401, or no handshake, for whoever brings no valid credentials."""

    def __init__(self, app: ASGIApp, *, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        caller = await self._callers.known_by_headers(Headers(scope=scope))
        scope[_CALLER] = caller
        if caller is not None and _may_not(caller, scope["path"]):
            await render_error(Forbidden(_NOT_FOR_RUNS))(scope, receive, send)
        elif caller or (scope["type"] == "websocket" and scope["path"] in _HANDSHAKE):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse_handshake(scope, receive, send)
        else:
            await _refuse(scope, receive, send)


def is_authenticated(scope: AsgiScope) -> bool:
    """Whether this connection needs no token any more."""
    return scope.get(_CALLER, Caller()) is not None


def speaker_of(scope: AsgiScope, named: str | None) -> str | None:
    """The execution that a request speaks for: of its run token, else the one that it names."""
    caller: Caller | None = scope.get(_CALLER)
    return named if caller is None else caller.execution_id or named


def _may_not(caller: Caller, path: str) -> bool:
    return caller.execution_id is not None and path.startswith(_NOT_FOR_RUN_TOKENS)


async def _refuse(scope: AsgiScope, receive: Receive, send: Send) -> None:
    refusal = NotAuthenticated(_HOW)
    response = JSONResponse(
        {"exception_message": "Unauthorized", "detail": str(refusal), "code": refusal.code},
        refusal.status,
        {"WWW-Authenticate": _BASIC},
    )
    await response(scope, receive, send)


async def _refuse_handshake(scope: AsgiScope, receive: Receive, send: Send) -> None:
    """HTTP 401 in place of the handshake, where the server can; else the bare refusal."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": _HOW[:120]})
        return
    headers = [(b"content-type", b"text/plain"), (b"www-authenticate", _BASIC.encode())]
    await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": f"{_HOW} {_STOCK}\n".encode()})


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _same(expected: str | None, given: str) -> bool:
    return expected is not None and secrets.compare_digest(expected.encode(), given.encode())


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode()
    except ValueError:  # not base64, or not text
        return ""


_BASIC: Final = 'Basic realm="Windlass"'
_HOW: Final = (
    "This server asks for credentials: set WINDLASS_API_AUTH_STRING (or WINDLASS_API_KEY) to those"
    " that it was started with."
)
_NOT_FOR_RUNS: Final = "The token of a flow run does not allow the administration of the server."
_STOCK: Final = (
    "A stock Prefect client sends none here by itself: set PREFECT_CLIENT_CUSTOM_HEADERS to"
    ' {"Authorization": "Basic <user:password in base64>"}.'
)
