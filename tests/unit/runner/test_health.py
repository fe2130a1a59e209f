"""The health endpoint of a runner."""

import socket

import anyio
import httpx
import pytest

from tests.support.waiting import await_until
from windlass.runner.health import response_to, serve_health


@pytest.mark.parametrize(
    ("path", "healthy", "status"),
    [("/health", True, 200), ("/health/", True, 200), ("/health", False, 503), ("/", True, 404)],
)
def test_the_answer_says_whether_the_runner_asks_for_runs(
    path: str, healthy: bool, status: int
) -> None:
    answer = response_to(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), healthy=healthy)
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert (body == b'{"message": "OK"}') is (status == 200)


async def test_it_is_served_until_cancelled(free_port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}") as client:

        async def answers() -> bool:
            try:
                return (await client.get("/health")).json() == {"message": "OK"}
            except httpx.TransportError:
                return False

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve_health, "127.0.0.1", free_port, lambda: True)
            await await_until(answers, description="the endpoint to answer")
            tasks.cancel_scope.cancel()
        assert not await answers()


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
