"""The websocket of the benchmark speaks the protocol."""

from collections.abc import Iterable
from socket import socket as Socket

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.sockets import EventSocket


@pytest.mark.parametrize("size", [1, 125, 126, 2000, 65_535])
async def test_a_server_reads_what_was_sent_before_the_pong(size: int) -> None:
    read: list[bytes] = []

    async def take(connection: ServerConnection) -> None:
        async for message in connection:
            assert isinstance(message, str)
            read.append(message.encode())

    async with serve(take, "127.0.0.1", 0) as server:
        async with EventSocket.open(_url(server.sockets)) as socket:
            for _ in range(3):
                await socket.send(b"x" * size)
            await socket.acknowledged()
        # Closing waits for the handlers, which have read all that came.
        server.close()
        await server.wait_closed()
    assert read == [b"x" * size] * 3


async def test_a_stream_that_the_server_ends_is_an_error() -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1007, "Not an event")

    async with (
        serve(refuse, "127.0.0.1", 0, close_timeout=0.1) as server,
        EventSocket.open(_url(server.sockets)) as socket,
    ):
        await socket.send(b"nonsense")
        with pytest.raises(ConnectionError, match="Not an event"):
            await _ask_for_ever(socket)


async def _ask_for_ever(socket: EventSocket) -> None:
    while True:
        await socket.acknowledged()


def _url(sockets: Iterable[Socket]) -> str:
    port: int = next(iter(sockets)).getsockname()[1]
    return f"http://127.0.0.1:{port}/api"
