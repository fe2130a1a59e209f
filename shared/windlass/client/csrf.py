"""The token against cross-site requests: got from a server that asks for one, and sent to it.

Most servers ask for none, so no request is spent on it before one was refused.
"""

from typing import Final
from uuid import uuid4

from windlass.client.answers import error_from
from windlass.client.lean_httpx import httpx
from windlass.exceptions import CsrfTokenNeeded

PATH: Final = "/csrf-token"
_TOKEN: Final = "Prefect-Csrf-Token"
_CLIENT: Final = "Prefect-Csrf-Client"


class CsrfHeaders:
    """The headers of one connection pool that say its token, once there is one."""

    def __init__(self, headers: httpx.Headers, *, enabled: bool) -> None:
        self._headers = headers
        self._enabled = enabled
        self.client = str(uuid4())
        """By this the server knows whose token it is."""

    def are_asked_for(self, refused: httpx.Response) -> bool:
        """Whether a request was refused for the lack of a token that can be had."""
        forbidden = refused.status_code == CsrfTokenNeeded.status
        return self._enabled and forbidden and isinstance(error_from(refused), CsrfTokenNeeded)

    def are_newer(self, refused: httpx.Response) -> bool:
        """Whether another request got a new token after this one was sent."""
        return self._headers.get(_TOKEN) != refused.request.headers.get(_TOKEN)

    def take(self, answer: httpx.Response) -> None:
        """Send the token of this answer from now on. Raises the `ApiError` that it may be."""
        if not answer.is_success:
            raise error_from(answer)
        self._headers.update({_TOKEN: str(answer.json()["token"]), _CLIENT: self.client})
