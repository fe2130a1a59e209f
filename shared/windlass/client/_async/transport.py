"""One connection pool to one server: requests, retries, and answers turned into errors."""

from base64 import b64encode
from itertools import count
from time import monotonic
from typing import Any, Final

import anyio
from pydantic import BaseModel
from pydantic_core import to_json

from windlass._version import __version__
from windlass.client import csrf as csrf_tokens
from windlass.client.answers import (
    LONGEST_BACKOFF,
    RETRIED_STATUSES,
    error_from,
    pause_before_retry,
)
from windlass.client.lean_httpx import httpx
from windlass.exceptions import ServerUnreachable
from windlass.settings import Settings

MOST_ATTEMPTS: Final = 5


class AsyncTransport:
    """Talks to the API at `url`. Safe for concurrent use; close it when done.

    An answer that says "try again" (408, 429, 502, 503, 504) and a connection that could not be
    made are tried five times in all, and for `patience` seconds, with the server's `Retry-After`
    or doubling pauses.
    With `csrf`, a server that asks for a token against cross-site requests is sent one.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
        patience: float = 0.0,
        csrf: bool = True,
        wire: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={"User-Agent": f"windlass/{__version__}", **(headers or {})},
            timeout=timeout,
            transport=wire,
            # Loading certificates takes longer than most requests, and http: needs none.
            verify=self.url.startswith("https:"),
        )
        self._csrf = csrf_tokens.CsrfHeaders(self._http.headers, enabled=csrf)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Send one request and return a successful answer.

        `body` is a model or anything JSON can say; of an update, only the fields that were set are
        sent. Raises the `ApiError` that the server answered with, or `ServerUnreachable`.
        """
        content = None if body is None else encode(body)
        extensions = {} if timeout is None else {"timeout": _timeouts(timeout)}
        deadline = monotonic() + self._patience
        for attempt in count():
            last = attempt >= MOST_ATTEMPTS - 1 and monotonic() >= deadline
            response = await self._attempt(
                method, path, content, params, extensions, None if last else attempt
            )
            if response is None:
                continue
            if response.is_success:
                return response
            if attempt < MOST_ATTEMPTS - 1 and self._csrf.are_asked_for(response):
                await self._get_csrf_token(response)
                continue
            if response.status_code not in RETRIED_STATUSES or last:
                raise error_from(response)
            await anyio.sleep(pause_before_retry(response, attempt=min(attempt, LONGEST_BACKOFF)))
        raise AssertionError("the last attempt returns or raises")

    async def _get_csrf_token(self, refused: httpx.Response) -> None:
        if not self._csrf.are_newer(refused):
            params = {"client": self._csrf.client}
            self._csrf.take(await self._http.get(csrf_tokens.PATH, params=params))

    async def _attempt(
        self,
        method: str,
        path: str,
        content: bytes | None,
        params: dict[str, Any] | None,
        extensions: dict[str, Any],
        attempt: int | None,
    ) -> httpx.Response | None:
        """The answer, or None after a pause: try again. The last `attempt` is None, and raises."""
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            return await self._http.request(
                method, path, content=content, params=params, headers=headers, extensions=extensions
            )
        except httpx.TransportError as error:
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            if attempt is None or (sent and method not in _SAFE_TO_REPEAT):
                raise ServerUnreachable(
                    f"No answer from the server at {self.url} ({type(error).__name__}: {error}). "
                    "Is it running (`windlass server status`), and is WINDLASS_API_URL right?"
                ) from error
        await anyio.sleep(pause_before_retry(None, attempt=min(attempt, LONGEST_BACKOFF)))
        return None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()


_SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})


def encode(body: Any) -> bytes:
    """A body as JSON; of models, only what was set, so that absent and null stay apart."""
    if isinstance(body, BaseModel):
        return body.model_dump_json(exclude_unset=True).encode()
    return to_json(body)


def _timeouts(seconds: float) -> dict[str, float]:
    return dict.fromkeys(("connect", "read", "write", "pool"), seconds)


def credentials(settings: Settings) -> dict[str, str]:
    """The header that the settings' key or `user:password` pair stands for."""
    if key := settings.api.key:
        return {"Authorization": f"Bearer {key.get_secret_value()}"}
    if pair := settings.api.auth_string:
        token = b64encode(pair.get_secret_value().encode()).decode()
        return {"Authorization": f"Basic {token}"}
    return {}
