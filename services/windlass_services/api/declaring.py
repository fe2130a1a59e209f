"""How a route is declared: the vocabulary of FastAPI, without its import and without its work.

Nothing is looked at before it is needed: a process that is asked for flow runs never learns what
the shape of a block is. `direct` answers requests, `document` describes the routes in OpenAPI.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.websockets import WebSocket

from windlass.schemas.base import JsonObject

EndpointT = TypeVar("EndpointT", bound=Callable[..., Awaitable[Any]])
Socket = Callable[[WebSocket], Awaitable[None]]

INFERRED: Final[Any] = object()
"""The shape of the answer is what the handler is annotated to return."""


@dataclass(frozen=True, slots=True)
class Body:
    """`Annotated[X | None, Body()] = None`: the JSON body, which may be left out."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter that is not named as its argument is."""

    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """A header, named as the argument is, with hyphens."""

    include_in_schema: bool = True


@dataclass(frozen=True, slots=True)
class Provided:
    """An argument that the server gives, not the client."""

    provide: Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Declared:
    """A handler, and what it answers to."""

    method: str
    path: str
    endpoint: Callable[..., Awaitable[Any]]
    status_code: int
    response_model: Any
    tags: Sequence[str]
    openapi_extra: JsonObject | None
    include_in_schema: bool


@dataclass(slots=True)
class Routes:
    """The routes of one room, in the order in which they are matched."""

    prefix: str = ""
    tags: Sequence[str] = ()
    include_in_schema: bool = True
    declared: list[Declared] = field(default_factory=list[Declared])
    sockets: list[tuple[str, Socket]] = field(default_factory=list[tuple[str, Socket]])

    def get(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler of GET; the options are those of `declare`."""
        return self.declare("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler of POST; the options are those of `declare`."""
        return self.declare("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler of PUT; the options are those of `declare`."""
        return self.declare("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler of PATCH; the options are those of `declare`."""
        return self.declare("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler of DELETE; the options are those of `declare`."""
        return self.declare("DELETE", path, **options)

    def declare(
        self,
        method: str,
        path: str,
        *,
        status_code: int = 200,
        response_model: Any = INFERRED,
        tags: Sequence[str] | None = None,
        openapi_extra: JsonObject | None = None,
    ) -> Callable[[EndpointT], EndpointT]:
        """Declare a handler, with the status and the shape of its answer when it succeeds."""

        def note(endpoint: EndpointT) -> EndpointT:
            self.declared.append(
                Declared(
                    method=method,
                    path=self.prefix + path,
                    endpoint=endpoint,
                    status_code=status_code,
                    response_model=response_model,
                    tags=self.tags if tags is None else tags,
                    openapi_extra=openapi_extra,
                    include_in_schema=self.include_in_schema,
                )
            )
            return endpoint

        return note

    def websocket(self, path: str) -> Callable[[Socket], Socket]:
        """Declare the handler of a websocket."""

        def note(endpoint: Socket) -> Socket:
            self.sockets.append((self.prefix + path, endpoint))
            return endpoint

        return note
