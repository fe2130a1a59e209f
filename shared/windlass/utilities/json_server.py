"""An HTTP server that says one thing about its process: for endpoints of status."""

import json
from collections.abc import Callable
from typing import Any, Final

import anyio
from anyio.abc import SocketStream

_MOST_OF_A_REQUEST: Final = 4096


async def serve_json(
    host: str, port: int, path: str, describe: Callable[[], dict[str, Any]]
) -> None:
    """Answer `GET <path>` with what `describe` returns, and 404 to the rest, until cancelled."""

    async def answer(stream: SocketStream) -> None:
        async with stream:
            with anyio.move_on_after(5):
                request = await stream.receive(_MOST_OF_A_REQUEST)
                asked = request.split(b" ", 2)[1:2]
                if asked == [path.encode()]:
                    await stream.send(json_response("200 OK", describe()))
                else:
                    await stream.send(json_response("404 Not Found", {"detail": "Not Found"}))

    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    async with listener:
        await listener.serve(answer)


def json_response(status: str, content: dict[str, Any]) -> bytes:
    """An answer of HTTP 1.1 after which the connection is closed."""
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
