"""A pong says that the application has taken care of what came before its ping."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.waiting import await_until
from windlass_services.api.serving import http_server, listening_socket
from windlass_services.api.socket_protocol import frames_at_hand

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Slow:
    """An application that takes care of a frame when the test says so."""

    def __init__(self) -> None:
        self.may_go_on = anyio.Semaphore(0)
        self.seen: list[str] = []
        self.at_hand: list[int] = []

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.at_hand.append(frames_at_hand(scope))
            await self.may_go_on.acquire()
            self.seen.append(message["text"])


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
async def connection(slow: Slow) -> AsyncGenerator[ClientConnection]:
    listener = listening_socket("127.0.0.1", 0)
    server = http_server(slow, keep_alive=5, log_level="WARNING", grace=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        async with connect(f"ws://127.0.0.1:{listener.getsockname()[1]}/", proxy=None) as client:
            yield client
            for _ in range(100):
                slow.may_go_on.release()
        server.stop()


async def test_a_ping_is_answered_when_what_came_before_is_taken_care_of(
    slow: Slow, connection: ClientConnection
) -> None:
    await connection.send("first")
    await connection.send("second")
    pong = asyncio.ensure_future(await connection.ping())
    for handled in (0, 1):

        async def is_at_work(handled: int = handled) -> bool:
            return len(slow.at_hand) == handled + 1

        await await_until(is_at_work, description=f"frame {handled + 1} to be received")
        await anyio.sleep(0.05)
        assert not pong.done()
        slow.may_go_on.release()
    with anyio.fail_after(10):
        await pong
    assert slow.seen == ["first", "second"]


async def test_who_waits_for_frames_answers_pings_at_once(connection: ClientConnection) -> None:
    with anyio.fail_after(10):
        for _ in range(3):
            await (await connection.ping())


async def test_the_application_knows_how_many_frames_it_can_have_at_once(
    slow: Slow, connection: ClientConnection
) -> None:
    frames = ["one", "two", "three"]
    for text in frames:
        connection.protocol.send_text(text.encode())
    connection.transport.write(b"".join(connection.protocol.data_to_send()))
    for _ in frames:
        slow.may_go_on.release()

    async def has_seen_all() -> bool:
        return slow.seen == frames

    await await_until(has_seen_all, description="every frame to be seen")
    assert slow.at_hand == [2, 1, 0]
