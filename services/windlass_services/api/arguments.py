"""From a request to the arguments of a handler, as its signature asks for them."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from windlass.exceptions import ObjectNotFound
from windlass_services.api.declaring import Body, Declared, Header, Provided, Query
from windlass_services.api.ignored_fields import Known, ignored_fields, known_fields

_JSON: Final = "application/json"
_NOTHING: Final = inspect.Parameter.empty
_NOT_JSON: Final = {"type": "content_type", "loc": ["body"], "msg": f"Send {_JSON}", "input": None}


class Malformed(Exception):
    """The request cannot be read: what is wrong, and where. Answered with 422."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


@dataclass(frozen=True)
class Value:
    """An argument made of text: a part of the path, a query parameter or a header."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    key: str
    annotation: Any
    default: Any

    def read(self, texts: Mapping[str, Any]) -> Any:
        """Raises `Malformed`."""
        if self.key not in texts:
            if self.default is _NOTHING:
                raise Malformed([_missing(self.place, self.key)])
            return self.default
        return self.validated(texts[self.key])

    def validated(self, text: Any) -> Any:
        """Raises `Malformed`."""
        try:
            return self._adapter.validate_python(text)
        except ValidationError as error:
            raise Malformed(_located(error.errors(include_url=False), self.place, self.key)) from (
                error
            )

    @cached_property
    def is_list(self) -> bool:
        """Whether it may be given several times."""
        return any(get_origin(one) is list for one in (_kind(self.annotation), *_members(self)))

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)


@dataclass(frozen=True)
class JsonBody:
    """The argument that is the body."""

    name: str
    annotation: Any
    default: Any

    async def read(self, request: Request) -> Any:
        """Raises `Malformed`."""
        content = await request.body()
        if not content:
            if self.default is _NOTHING:
                raise Malformed([_missing("body")])
            return self.default
        if not request.headers.get("content-type", _JSON).startswith(_JSON):
            raise Malformed([_NOT_JSON])
        try:
            return self._adapter.validate_json(content)
        except ValidationError as error:
            raise Malformed(_located(error.errors(include_url=False), "body")) from error

    def ignored(self, content: bytes) -> str | None:
        """The fields of a valid body that mean nothing here."""
        return ignored_fields(self._known, content) if content else None

    # Made when they are needed first: a process that is asked little starts sooner.
    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    @cached_property
    def _known(self) -> Known | None:
        return known_fields(self.annotation)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a handler asks for."""

    path: Sequence[Value]
    """In the order in which the path has them."""
    query: Sequence[Value]
    headers: Sequence[Value]
    provided: Sequence[tuple[str, Callable[[Request], Awaitable[Any]]]]
    request: str | None
    body: JsonBody | None

    async def read(self, request: Request, parts: Sequence[str]) -> dict[str, Any]:
        """The arguments by their names. Raises `Malformed`, `ObjectNotFound` for a path that no
        object has."""
        arguments: dict[str, Any] = {}
        for value, part in zip(self.path, parts, strict=True):
            try:
                arguments[value.name] = value.validated(part)
            except Malformed:
                if value.annotation is not UUID:
                    raise
                path = request.scope["path"]
                raise ObjectNotFound(f"There is nothing at {path!r}.") from None
        for value in self.query:
            arguments[value.name] = value.read(_query(request, value))
        for value in self.headers:
            arguments[value.name] = value.read(request.headers)
        if self.body is not None:
            arguments[self.body.name] = await self.body.read(request)
        if self.request is not None:
            arguments[self.request] = request
        for name, provide in self.provided:
            arguments[name] = await provide(request)
        return arguments


def arguments_of(declared: Declared) -> Arguments:
    """What the handler asks for, by its signature and the names in its path."""
    named = [part[1:-1].partition(":")[0] for part in declared.path.split("/") if part[:1] == "{"]
    path: dict[str, Value] = {}
    query: list[Value] = []
    headers: list[Value] = []
    provided: list[tuple[str, Callable[[Request], Awaitable[Any]]]] = []
    request: str | None = None
    body: JsonBody | None = None
    for name, parameter in inspect.signature(declared.endpoint).parameters.items():
        annotation, default = parameter.annotation, parameter.default
        mark = _mark(annotation)
        if isinstance(mark, Provided):
            provided.append((name, mark.provide))
        elif annotation is Request:
            request = name
        elif name in named:
            path[name] = Value(name, "path", name, annotation, default)
        elif isinstance(mark, Header):
            headers.append(Value(name, "header", name.replace("_", "-"), annotation, default))
        elif isinstance(mark, Body) or _is_json(annotation):
            body = JsonBody(name, annotation, default)
        else:
            alias = mark.alias if isinstance(mark, Query) else None
            query.append(Value(name, "query", alias or name, annotation, default))
    ordered = [path[name] for name in named]
    return Arguments(ordered, query, headers, provided, request, body)


def _query(request: Request, value: Value) -> Mapping[str, Any]:
    texts = request.query_params
    if value.is_list and value.key in texts:
        return {value.key: texts.getlist(value.key)}
    return texts


def _mark(annotation: Any) -> Any:
    marks = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    ours = (mark for mark in marks if isinstance(mark, Body | Query | Header | Provided))
    return next(ours, None)


def _kind(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _members(value: Value) -> tuple[Any, ...]:
    kind = _kind(value.annotation)
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else ()


def _is_json(annotation: Any) -> bool:
    """Whether an argument without a mark can only be the body."""
    kind = _kind(annotation)
    if get_origin(kind) in (list, dict):
        return True
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _located(errors: Sequence[ErrorDetails], *place: str) -> list[dict[str, Any]]:
    return [
        {**error, "loc": [*place, *error["loc"]], "input": _shown(error["input"])}
        for error in errors
    ]


def _shown(given: Any) -> Any:
    """What was sent, in an answer: bytes that are no JSON need not be text either."""
    return given.decode(errors="replace") if isinstance(given, bytes) else given


def _missing(*place: str) -> dict[str, Any]:
    return {"type": "missing", "loc": list(place), "msg": "Field required", "input": None}
