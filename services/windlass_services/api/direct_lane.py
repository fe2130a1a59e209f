"""A short way to handlers that take no more than a path and a JSON body.

FastAPI declares, documents and checks every route. What it does again for each request costs more
than most of our handlers, so what is plain goes straight to its handler, and the body is validated
as the bytes it came in. Whatever is not plain, or not valid, goes to FastAPI, which answers it as
if this lane were not here.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, get_args

from fastapi import Request, Response
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from windlass.exceptions import ApiError
from windlass_services.api.errors import render_error
from windlass_services.api.ignored_fields import HEADER, Known, ignored_fields, known_fields

Segments = tuple[str | None, ...]
"""A path cut at its slashes; None stands for a parameter."""


class DirectLane:
    """ASGI middleware, to be the innermost: credentials and the like come before it."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], prefix: str) -> None:
        self._app = app
        self._table: dict[tuple[str, int], list[tuple[Segments, _Plain | None]]] = {}
        self._converted: list[re.Pattern[str]] = []
        """Of paths whose parameters are more than what stands between two slashes."""
        for route in routes:
            if not isinstance(route, APIRoute):
                continue
            if ":" in route.path:
                self._converted.append(compile_path(prefix + route.path)[0])
                continue
            segments = _segments(prefix + route.path)
            for method in route.methods or ():
                self._table.setdefault((method, len(segments)), []).append(
                    (segments, _plain(route))
                )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        is_http = scope["type"] == "http"
        found = self._find(scope["method"], scope["path"]) if is_http else None
        if found is None:
            await self._app(scope, receive, send)
            return
        route, values = found
        body = _Replayed(receive)
        request = Request(scope, body.receive)
        try:
            arguments = await route.arguments(request, values)
        except (ValidationError, _NotPlain):
            await self._app(scope, body.again, send)
            return
        try:
            response = await route.answer(arguments)
        except ApiError as error:
            response = render_error(error)
        if ignored := route.ignored(body.content):
            response.headers[HEADER] = ignored
        await response(scope, body.receive, send)

    def takes(self, method: str, path: str) -> bool:
        """Whether requests of this path go straight to their handler."""
        return self._find(method, path) is not None

    def _find(self, method: str, path: str) -> "tuple[_Plain, list[str]] | None":
        """The first route that matches, as FastAPI would find it; None if it is not plain."""
        if any(pattern.match(path) for pattern in self._converted):
            return None
        parts = path.split("/")
        for segments, route in self._table.get((method, len(parts)), ()):
            values: list[str] = []
            for segment, part in zip(segments, parts, strict=True):
                if segment is None and part:
                    values.append(part)
                elif segment != part:
                    break
            else:
                return None if route is None else (route, values)
        return None


class _NotPlain(Exception):
    """The request is one that only FastAPI knows how to read."""


class _Replayed:
    """What was received of a request, so that it can be received once more."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received: list[Message] = []

    @property
    def content(self) -> bytes:
        """The body, as far as it was received."""
        return b"".join(message.get("body", b"") for message in self._received)

    async def receive(self) -> Message:
        message = await self._receive()
        self._received.append(message)
        return message

    async def again(self) -> Message:
        return self._received.pop(0) if self._received else await self._receive()


@dataclass(frozen=True)
class _Plain:
    """A handler, and how it gets its arguments."""

    call: Callable[..., Awaitable[Any]]
    path: tuple[tuple[str, TypeAdapter[Any]], ...]
    """In the order in which the path has them."""
    provided: tuple[tuple[str, Callable[[Request], Awaitable[Any]]], ...]
    headers: tuple[tuple[str, str, str], ...]
    """Name of the argument, name of the header, and the default."""
    request: str | None
    body: str | None
    body_annotation: Any
    body_default: Any
    """`...` when there has to be a body."""
    status: int
    result: Any
    """The type of what is answered; None when it is a response already, or nothing."""

    async def arguments(self, request: Request, values: list[str]) -> dict[str, Any]:
        """Raises `ValidationError` or `_NotPlain`."""
        arguments = {
            name: adapter.validate_python(value)
            for (name, adapter), value in zip(self.path, values, strict=True)
        }
        if self.body is not None:
            arguments[self.body] = await self._read_body(request)
        if self.request is not None:
            arguments[self.request] = request
        for name, header, default in self.headers:
            arguments[name] = request.headers.get(header, default)
        for name, provide in self.provided:
            arguments[name] = await provide(request)
        return arguments

    async def answer(self, arguments: dict[str, Any]) -> Response:
        """What the handler answers."""
        answered = await self.call(**arguments)
        if isinstance(answered, Response):
            return answered
        if self.result is None:
            return Response(status_code=self.status)
        checked = self._result.validate_python(answered, from_attributes=True)
        return Response(self._result.dump_json(checked), self.status, media_type=_JSON)

    def ignored(self, content: bytes) -> str | None:
        """The fields of a valid body that mean nothing here."""
        return ignored_fields(self._known, content) if content and self.body else None

    async def _read_body(self, request: Request) -> Any:
        content_type = request.headers.get("content-type", _JSON)
        if not content_type.startswith(_JSON):
            raise _NotPlain
        content = await request.body()
        if content:
            return self._body.validate_json(content)
        if self.body_default is ...:
            raise _NotPlain
        return self.body_default

    # Made when they are needed first: a process that is asked little starts sooner.
    @cached_property
    def _body(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.body_annotation)

    @cached_property
    def _known(self) -> Known | None:
        return known_fields(get_args(self.body_annotation)[0])

    @cached_property
    def _result(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.result)


def _plain(route: APIRoute) -> _Plain | None:
    needs = route.dependant
    body = needs.body_params[0] if len(needs.body_params) == 1 else None
    if (
        not inspect.iscoroutinefunction(route.endpoint)
        or len(needs.body_params) > 1
        or _has_more_than_path_and_body(needs)
        or not all(_needs_only_the_request(one) for one in needs.dependencies)
        or (body is not None and getattr(body.field_info, "embed", None))
    ):
        return None
    parameters = {field.name: _annotation(field) for field in needs.path_params}
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return _Plain(
        call=route.endpoint,
        path=tuple((name, TypeAdapter[Any](parameters[name])) for name in names),
        provided=tuple((one.name or "", _call_of(one)) for one in needs.dependencies if one.name),
        headers=tuple((one.name, one.alias, one.default) for one in needs.header_params),
        request=needs.request_param_name,
        body=None if body is None else body.name,
        body_annotation=None if body is None else _annotation(body),
        body_default=... if body is None or body.field_info.is_required() else body.default,
        status=route.status_code or 200,
        result=route.response_model,
    )


def _has_more_than_path_and_body(needs: Dependant) -> bool:
    return bool(
        needs.query_params
        or not all(_is_text(one) for one in needs.header_params)
        or needs.cookie_params
        or needs.websocket_param_name
        or needs.http_connection_param_name
        or needs.response_param_name
        or needs.background_tasks_param_name
        or needs.security_scopes_param_name
    )


def _needs_only_the_request(needs: Dependant) -> bool:
    return (
        inspect.iscoroutinefunction(needs.call)
        and needs.request_param_name is not None
        and not (needs.path_params or needs.body_params or needs.dependencies)
        and not needs.header_params
        and not _has_more_than_path_and_body(needs)
    )


def _annotation(parameter: ModelField) -> Any:
    return Annotated[parameter.field_info.annotation, parameter.field_info]


def _is_text(header: ModelField) -> bool:
    return header.field_info.annotation is str and isinstance(header.default, str)


def _call_of(needs: Dependant) -> Callable[[Request], Awaitable[Any]]:
    call: Callable[[Request], Awaitable[Any]] | None = needs.call
    assert call is not None
    return call


def _segments(path: str) -> Segments:
    return tuple(None if part.startswith("{") else part for part in path.split("/"))


_JSON: Final = "application/json"
