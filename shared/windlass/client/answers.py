"""From an answer of the server back to the exception that it stands for: pure functions."""

import random
from typing import Any, Final, cast

from windlass import exceptions
from windlass.client.lean_httpx import httpx
from windlass.exceptions import ApiError, ServerBusy, SlotsTaken

RETRIED_STATUSES: Final = frozenset({408, 429, 502, 503, 504})
_LONGEST_PAUSE: Final = 30.0
LONGEST_BACKOFF: Final = 6
"""The attempt from which the pauses, 6.4 seconds by then, need not become longer."""


def error_from(response: httpx.Response) -> ApiError:
    """The exception for an unsuccessful answer: of the class that the server raised, if it says."""
    body = _body_of(response)
    message = _message(response, body)
    found = _ERRORS_BY_CODE.get(str(body.get("code"))) or _ERRORS_BY_STATUS.get(
        response.status_code, ApiError
    )
    if found is ServerBusy:
        return ServerBusy(message, retry_after=pause_before_retry(response, attempt=0))
    if found is SlotsTaken:
        stated = response.headers.get("Retry-After")
        return SlotsTaken(message, retry_after=None if stated is None else float(stated))
    error = found(message, **body.get("details", {}))
    error.details.setdefault("status", response.status_code)
    return error


def pause_before_retry(response: httpx.Response | None, *, attempt: int) -> float:
    """Seconds to wait: what `Retry-After` says, else 0.1 s doubled per attempt, with jitter."""
    if response is not None and (stated := response.headers.get("Retry-After", "")).isdecimal():
        return min(float(stated), _LONGEST_PAUSE)
    return min(0.1 * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.7, 1.3)


def _body_of(response: httpx.Response) -> dict[str, Any]:
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    return cast(dict[str, Any], body) if isinstance(body, dict) else {}


def _message(response: httpx.Response, body: dict[str, Any]) -> str:
    request = response.request
    detail = body.get("detail") or body.get("exception_detail") or response.text[:500]
    return str(detail) or (
        f"{request.method} {request.url} was answered with status {response.status_code}"
    )


def _tree(root: type[ApiError]) -> list[type[ApiError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


_ERRORS_BY_CODE: Final = {error.code: error for error in _tree(exceptions.ApiError)}
_ERRORS_BY_STATUS: Final = {
    401: exceptions.NotAuthenticated,
    403: exceptions.Forbidden,
    404: exceptions.ObjectNotFound,
    409: exceptions.ObjectAlreadyExists,
    410: exceptions.LeaseLost,
    413: exceptions.PayloadTooLarge,
    422: exceptions.RequestInvalid,
    423: exceptions.SlotsTaken,
    503: exceptions.ServerBusy,
}
