"""The routes described in OpenAPI, and the page that shows the description: FastAPI's work."""

import functools
import inspect
import warnings
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, get_args, get_origin

import fastapi
from pydantic.warnings import UnsupportedFieldAttributeWarning

from windlass._version import __version__
from windlass_services.api.declaring import (
    INFERRED,
    Body,
    Declared,
    Header,
    Provided,
    Query,
    Routes,
)

PATHS = ("/docs", "/api/openapi.json")


def document_app(rooms: Iterable[Routes], prefix: str) -> fastapi.FastAPI:
    """An application that serves the description. It takes a second to make."""
    app = fastapi.FastAPI(
        title="Windlass API",
        version=__version__,
        docs_url=PATHS[0],
        redoc_url=None,
        openapi_url=PATHS[1],
    )
    with warnings.catch_warnings():
        # What FastAPI notes on a parameter is no mistake, though shapes that wait take it for one.
        warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
        add_routes(app, rooms, prefix)
        app.openapi()
    return app


def add_routes(app: fastapi.FastAPI, rooms: Iterable[Routes], prefix: str) -> None:
    """Add the routes to an application of FastAPI."""
    for routes in rooms:
        for one in routes.declared:
            app.add_api_route(prefix + one.path, _spelt(one.endpoint), **_options(one))


def _options(one: Declared) -> dict[str, Any]:
    options: dict[str, Any] = {
        "methods": [one.method],
        "status_code": one.status_code,
        "tags": list(one.tags),
        "openapi_extra": one.openapi_extra,
        "include_in_schema": one.include_in_schema,
    }
    return (
        options
        if one.response_model is INFERRED
        else options | {"response_model": one.response_model}
    )


def _spelt(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The handler with FastAPI's own words for where its arguments come from."""
    signature = inspect.signature(endpoint)
    parameters = [
        parameter.replace(annotation=_annotation(parameter.annotation))
        for parameter in signature.parameters.values()
    ]

    @functools.wraps(endpoint)
    async def called(**arguments: Any) -> Any:
        return await endpoint(**arguments)

    called.__dict__["__signature__"] = signature.replace(parameters=parameters)
    return called


def _annotation(annotation: Any) -> Any:
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, *marks = get_args(annotation)
    return Annotated[(kind, *(_mark(mark) for mark in marks))]


def _mark(mark: Any) -> Any:
    match mark:
        case Body():
            return fastapi.Body()
        case Query(alias=alias):
            return fastapi.Query(alias=alias)
        case Header(include_in_schema=include_in_schema):
            return fastapi.Header(include_in_schema=include_in_schema)
        case Provided(provide=provide):
            return fastapi.Depends(provide)
        case _:
            return mark
