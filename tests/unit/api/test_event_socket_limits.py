"""An event that is too large ends the socket that it comes over, with the reason."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.support.windlass_server import Backend, make_windlass_server


def test_the_socket_says_which_limit_an_event_is_over(tmp_path: Path) -> None:
    limits = {"WINDLASS_SERVER_EVENTS_MAXIMUM_EVENT_NAME_LENGTH": "10"}
    server = make_windlass_server(Backend.EMBEDDED, tmp_path, limits)
    server.start()
    try:
        url = server.api_url.replace("http", "ws", 1)
        with connect(f"{url}/events/in") as socket:
            event = {
                "id": str(uuid4()),
                "occurred": "2026-03-01T12:00:00Z",
                "event": "a" * 11,
                "resource": {"prefect.resource.id": "a"},
            }
            socket.send(json.dumps(event))
            with pytest.raises(ConnectionClosedError, match="EVENT_NAME_LENGTH") as closed:
                socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    finally:
        server.stop()
