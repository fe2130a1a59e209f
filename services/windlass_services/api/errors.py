"""The one place where an exception becomes an answer."""

import math
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from windlass.exceptions import ApiError, ServerBusy, SlotsTaken


def render_error(error: ApiError) -> JSONResponse:
    """`detail` is the sentence, `code` names the class that the client raises again."""
    body: dict[str, Any] = {"detail": str(error), "code": error.code}
    if error.details:
        body["details"] = jsonable_encoder(error.details)
    headers: dict[str, str] = {}
    if isinstance(error, ServerBusy):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, SlotsTaken) and error.retry_after is not None:
        # Fractions, as stock clients read them: a slot may be free in a tenth of a second.
        headers["Retry-After"] = f"{error.retry_after:.3f}"
    return JSONResponse(body, status_code=error.status, headers=headers)


def add_error_handlers(app: FastAPI) -> None:
    """Answer our own errors with their status, and malformed input with 422 naming the field."""

    async def on_api_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ApiError)
        return render_error(error)

    async def on_malformed(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return JSONResponse(
            {
                "exception_message": "Invalid request received.",
                "exception_detail": jsonable_encoder(error.errors(), custom_encoder=_PLAIN),
                "request_body": jsonable_encoder(error.body, custom_encoder=_PLAIN),
            },
            status_code=422,
        )

    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(RequestValidationError, on_malformed)


def _readable(value: bytes) -> str:
    return value.decode(errors="replace")


_PLAIN: Final[dict[Any, Callable[[Any], Any]]] = {Exception: str, bytes: _readable}
