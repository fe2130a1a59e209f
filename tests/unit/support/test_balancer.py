"""The address in front of several replicas, as tests have it."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from tests.support.balancer import balancing


class _SaysItsPort(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        _, port = self.request.getsockname()
        said = str(port).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Two ports that answer with their number."""
    replicas = [ThreadingHTTPServer(("127.0.0.1", 0), _SaysItsPort) for _ in range(2)]
    for replica in replicas:
        Thread(target=replica.serve_forever, args=(0.01,), daemon=True).start()
    yield [replica.server_port for replica in replicas]
    for replica in replicas:
        replica.shutdown()
        replica.server_close()


def test_connections_take_turns(ports: list[int]) -> None:
    with balancing(ports) as balancer:
        answers = [int(httpx.get(balancer.url).text) for _ in range(4)]
    assert answers == [*ports, *ports]


def test_a_replica_that_is_down_is_passed_over(ports: list[int]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        down = unused.getsockname()[1]
        with balancing([down, ports[0]]) as balancer:
            assert [int(httpx.get(balancer.url).text) for _ in range(2)] == [ports[0]] * 2


def test_a_path_that_is_refused_is_cut_and_stays_so(ports: list[int]) -> None:
    with balancing(ports) as balancer, httpx.Client() as client:
        assert client.get(f"{balancer.url}/out").is_success
        balancer.refuse("/out")
        with pytest.raises(httpx.TransportError):
            client.get(f"{balancer.url}/out")
        assert httpx.get(f"{balancer.url}/in").is_success
