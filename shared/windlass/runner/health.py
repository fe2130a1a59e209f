"""The health endpoint of a runner: whether it asked for runs lately."""

from collections.abc import Callable
from typing import Final

import anyio
from anyio.abc import SocketStream

from windlass.utilities.json_server import json_response

_MOST_OF_A_REQUEST: Final = 4096


async def serve_health(host: str, port: int, is_healthy: Callable[[], bool]) -> None:
    """Answer `GET /health`: 200 while `is_healthy`, else 503. Runs until cancelled."""

    async def answer(stream: SocketStream) -> None:
        async with stream:
            with anyio.move_on_after(5):
                request = await stream.receive(_MOST_OF_A_REQUEST)
                await stream.send(response_to(request, healthy=is_healthy()))

    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    async with listener:
        await listener.serve(answer)


def response_to(request: bytes, *, healthy: bool) -> bytes:
    """The answer to a request of HTTP 1."""
    path = request.split(b" ", 2)[1:2]
    if path not in ([b"/health"], [b"/health/"]):
        return json_response("404 Not Found", {"message": "Not found"})
    if healthy:
        return json_response("200 OK", {"message": "OK"})
    trouble = {"message": "The runner has not asked for runs lately"}
    return json_response("503 Service Unavailable", trouble)
