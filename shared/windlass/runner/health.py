"""The health endpoint of a runner: whether it asked for runs lately."""

import json
from collections.abc import Callable
from typing import Final

import anyio
from anyio.abc import SocketStream

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
        return _response("404 Not Found", "Not found")
    if healthy:
        return _response("200 OK", "OK")
    return _response("503 Service Unavailable", "The runner has not asked for runs lately")


def _response(status: str, message: str) -> bytes:
    body = json.dumps({"message": message}).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
