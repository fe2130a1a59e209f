"""How long a server that stops waits for open requests."""

import socket
from pathlib import Path

from tests.support.windlass_server import Backend, make_windlass_server

LESS_THAN_USUAL = 8
"""Seconds in which a server that was given no time must have ended; it is given ten otherwise."""


def test_a_server_that_is_given_no_time_ends_while_a_request_is_open(tmp_path: Path) -> None:
    server = make_windlass_server(
        Backend.EMBEDDED, tmp_path, {"WINDLASS_SERVER_SHUTDOWN_GRACE_SECONDS": "0"}
    )
    server.start()
    [process] = server.processes.values()
    assert process.running is not None
    try:
        with socket.create_connection(("127.0.0.1", process.port)) as client:
            client.sendall(
                b"POST /api/flows/ HTTP/1.1\r\nHost: windlass\r\nExpect: 100-continue\r\n"
                b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
            )
            assert client.recv(100).startswith(b"HTTP/1.1 100")  # it waits for the body
            process.running.terminate()
            assert process.running.wait(LESS_THAN_USUAL) == 0
    finally:
        process.stop()
