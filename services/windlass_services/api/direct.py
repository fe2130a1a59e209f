"""Requests and websockets on their way to their handlers."""

from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Final, TypeAlias

from pydantic_core import from_json, to_json, to_jsonable_python
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from windlass.exceptions import ApiError
from windlass_services.api.arguments import Arguments, Malformed, arguments_of
from windlass_services.api.declaring import Declared, Routes, Socket
from windlass_services.api.errors import render_error
from windlass_services.api.ignored_fields import HEADER

Segments: TypeAlias = tuple[str | None, ...]
"""A path cut at its slashes; None stands for a parameter."""

_JSON: Final = "application/json"
_WITHOUT_BODY: Final = (204, 304)
_PREFIXED: Final = 2
_WHOLE: Final = ":path}"
"""The end of a last segment that takes the rest of the path, slashes included."""


class Direct:
    """The ASGI application of all routes."""

    def __init__(self, rooms: Iterable[tuple[str, Routes]]) -> None:
        """Each room with the prefix of its paths."""
        self._table: dict[tuple[str, int], list[_Entry]] = {}
        self._rest: dict[str, list[_Entry]] = {}
        self._number: Iterator[int] = count()
        self._sockets: dict[str, Socket] = {}
        for prefix, routes in rooms:
            for declared in routes.declared:
                self._add(prefix, declared)
            self._sockets |= {prefix + path: socket for path, socket in routes.sockets}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a websocket until it closes."""
        if scope["type"] == "websocket":
            await self._talk(scope, receive, send)
            return
        matches = list(self._matches(scope["path"]))
        request = Request(scope, receive, send)
        for entry, parts in matches:
            if entry.declared.method == scope["method"]:
                try:
                    response = await entry.answer(request, parts)
                except ClientDisconnect:
                    return  # in the middle of its body, so there is nobody to answer
                break
        else:
            response = self._refusal(request, {entry.declared.method for entry, _ in matches})
        await response(scope, receive, send)

    def _add(self, prefix: str, declared: Declared) -> None:
        segments = tuple(
            None if part.startswith("{") else part for part in (prefix + declared.path).split("/")
        )
        entry = _Entry(next(self._number), segments, declared)
        if declared.path.endswith(_WHOLE):
            self._rest.setdefault(_room(segments), []).append(entry)
        else:
            self._table.setdefault((_room(segments), len(segments)), []).append(entry)

    def _matches(self, path: str) -> "Iterable[tuple[_Entry, list[str]]]":
        """Every route of this path, in the order in which they were declared."""
        parts = path.split("/")
        room = _room(parts)
        candidates = [(entry, parts) for entry in self._table.get((room, len(parts)), ())]
        if rest := self._rest.get(room):
            for entry in rest:
                if len(parts) >= (length := len(entry.segments)):
                    whole = "/".join(parts[length - 1 :])
                    candidates.append((entry, [*parts[: length - 1], whole]))
            candidates.sort(key=lambda candidate: candidate[0].number)
        for entry, cut in candidates:
            if (values := _values(entry.segments, cut)) is not None:
                yield entry, values

    def _refusal(self, request: Request, methods: set[str]) -> Response:
        if methods:
            allowed = {"Allow": ", ".join(sorted(methods))}
            return JSONResponse({"detail": "Method Not Allowed"}, 405, allowed)
        path: str = request.scope["path"]
        other = path[:-1] if path.endswith("/") else path + "/"
        if path != "/" and any(self._matches(other)):
            return RedirectResponse(request.url.replace(path=other))
        return JSONResponse({"detail": "Not Found"}, 404)

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._sockets.get(scope["path"])
        if handler is None:
            await WebSocketClose()(scope, receive, send)
        else:
            await handler(WebSocket(scope, receive, send))


@dataclass(frozen=True)
class _Entry:
    number: int
    segments: Segments
    declared: Declared

    async def answer(self, request: Request, parts: list[str]) -> Response:
        """What the handler answers, or why it was not asked."""
        try:
            arguments = await self._arguments.read(request, parts)
        except Malformed as error:
            return await _malformed(request, error)
        except ApiError as error:
            # Nobody has read the body yet: it may be anything.
            return render_error(error)
        try:
            response = await self._answered(self.declared.endpoint(**arguments))
        except ApiError as error:
            response = render_error(error)
        await self._name_ignored(request, response)
        return response

    async def _answered(self, asked: Awaitable[Any]) -> Response:
        answered = await asked
        if isinstance(answered, Response):
            return answered
        status = self.declared.status_code
        if status in _WITHOUT_BODY:
            return Response(status_code=status)
        return Response(to_json(answered, inf_nan_mode="null"), status, media_type=_JSON)

    async def _name_ignored(self, request: Request, response: Response) -> None:
        body = self._arguments.body
        if body is not None and (ignored := body.ignored(await request.body())):
            response.headers[HEADER] = ignored

    # Made when they are needed first: a process that is asked little starts sooner.
    @cached_property
    def _arguments(self) -> Arguments:
        return arguments_of(self.declared)


async def _malformed(request: Request, error: Malformed) -> Response:
    body = await request.body()
    answer: Mapping[str, Any] = {
        "exception_message": "Invalid request received.",
        "exception_detail": to_jsonable_python(error.errors, fallback=str),
        "request_body": _readable(body),
    }
    return Response(to_json(answer, inf_nan_mode="null"), 422, media_type=_JSON)


def _readable(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return body.decode(errors="replace") or None


def _room(segments: Sequence[str | None]) -> str:
    """The word after the prefix, which no path leaves open; by it a route is found among few."""
    return segments[_PREFIXED] or "" if len(segments) > _PREFIXED else ""


def _values(segments: Segments, parts: list[str]) -> list[str] | None:
    """The values of the parameters; None if the path is another one."""
    values: list[str] = []
    for segment, part in zip(segments, parts, strict=True):
        if segment is None and part:
            values.append(part)
        elif segment != part:
            return None
    return values
