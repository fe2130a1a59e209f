"""Public: a block that calls a webhook."""

import ipaddress
import socket
from typing import Any, Literal

import anyio
from pydantic import Field, SecretStr

from windlass.blocks.core import Block
from windlass.blocks.fields import SecretDict
from windlass.client.lean_httpx import httpx
from windlass.schemas.base import JsonObject


class Webhook(Block):
    """An address to call over HTTP, with the headers that it wants.

    Example:
        ```python
        from windlass.blocks.webhook import Webhook

        await (await Webhook.aload("my-webhook")).call({"hello": "world"})
        ```
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="POST", description="The method of the request."
    )
    url: SecretStr = Field(title="Webhook URL", description="The address to call.")
    headers: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        title="Webhook Headers",
        description="Headers of the request.",
    )
    allow_private_urls: bool = Field(
        default=True, description="Whether it may be an address in a private network."
    )
    verify: bool = Field(default=True, description="Whether the certificate has to be valid.")

    async def call(self, payload: JsonObject | str | None = None) -> httpx.Response:
        """Send a request, with an object as JSON or a text as it is.

        Raises ValueError for a private address that is not allowed, and what httpx raises when
        there is no answer; the status of an answer is up to the caller.
        """
        url = self.url.get_secret_value()
        if not self.allow_private_urls:
            await anyio.to_thread.run_sync(_refuse_private, url)
        body: dict[str, Any] = {"content": payload} if isinstance(payload, str) else {}
        if isinstance(payload, dict):
            body = {"json": payload}
        async with httpx.AsyncClient(verify=self.verify) as client:
            headers = self.headers.get_secret_value()
            return await client.request(self.method, url, headers=headers, **body)


def _refuse_private(url: str) -> None:
    parts = httpx.URL(url)
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError("A webhook is called at an address with http: or https:.")
    for *_, address in socket.getaddrinfo(parts.host, parts.port or parts.scheme):
        if not ipaddress.ip_address(address[0]).is_global:
            raise ValueError(
                f"The webhook's host {parts.host} is in a private network. Set"
                " `allow_private_urls` if that is meant."
            )
