"""What the methods of every resource stand on."""

from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json

from windlass.client._async.transport import AsyncTransport
from windlass.client.lean_httpx import httpx

ModelT = TypeVar("ModelT", bound=BaseModel)


class AsyncResource:
    """A group of methods of the client, one per operation; all share one transport."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self._transport.request(method, path, **options)

    async def _read(self, model: type[ModelT], method: str, path: str, **options: Any) -> ModelT:
        response = await self._request(method, path, **options)
        return model.model_validate_json(response.content)

    async def _read_list(
        self, model: type[ModelT], method: str, path: str, **options: Any
    ) -> list[ModelT]:
        response = await self._request(method, path, **options)
        return [model.model_validate(item) for item in from_json(response.content)]
