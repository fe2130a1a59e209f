"""Events over websockets, of real servers."""

import json
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.clock import utc_now

pytestmark = pytest.mark.timeout(60)


def event(name: str, resource: str) -> dict[str, Any]:
    """An event as a client sends it."""
    return {
        "id": str(uuid4()),
        "occurred": utc_now().isoformat(),
        "event": name,
        "resource": {"prefect.resource.id": resource},
    }


def address(server: WindlassServer, path: str, replica: int = 0) -> str:
    return server.api_urls[replica].replace("http", "ws", 1) + path


@contextmanager
def socket(server: WindlassServer, *messages: Any, replica: int = 0) -> Generator[Connection]:
    """A connection to `/events/out` on which these messages were sent."""
    url = address(server, "/events/out", replica)
    with connect(url, subprotocols=[Subprotocol("prefect")], proxy=None) as connection:
        for message in messages:
            connection.send(json.dumps(message))
        yield connection


@contextmanager
def subscriber(server: WindlassServer, resource: str) -> Generator[Connection]:
    """A subscriber to what happens to a resource, past the handshake, on the last replica."""
    asked = {
        "occurred": {"since": (utc_now() - timedelta(minutes=5)).isoformat()},
        "resource": {"id": [resource]},
    }
    messages = {"type": "auth", "token": None}, {"type": "filter", "filter": asked}
    with socket(server, *messages, replica=-1) as connection:
        assert json.loads(connection.recv(timeout=20)) == {"type": "auth_success"}
        yield connection


def names(connection: Connection, until: str) -> list[str]:
    """The names of the events that come, up to this one."""
    found: list[str] = []
    while until not in found:
        message = json.loads(connection.recv(timeout=20))
        assert message["type"] == "event"
        found.append(message["event"]["event"])
    return found


def read_to_the_end(connection: Connection) -> None:
    """Raises `ConnectionClosed` when it has ended."""
    while True:
        connection.recv(timeout=20)


def post(server: WindlassServer, *events: dict[str, Any]) -> None:
    with server.http() as client:
        client.post("events", json=list(events)).raise_for_status()


def test_what_comes_in_is_stored(windlass_server: WindlassServer) -> None:
    resource = str(uuid4())
    with connect(address(windlass_server, "/events/in"), proxy=None) as connection:
        for name in ("first", "second"):
            connection.send(json.dumps(event(name, resource)))

        def stored() -> bool:
            asked = {"filter": {"resource": {"id": [resource]}}}
            page = windlass_server.post("events/filter", asked)
            return [one["event"] for one in page["events"]] == ["second", "first"]

        wait_until(stored, timeout=20, description="the events to be stored")


def send_at_once(connection: Connection, frames: Iterable[str], *, close: bool = False) -> None:
    """Send frames so that a server reads many of them at a time."""
    protocol = connection.protocol
    for frame in frames:
        protocol.send_text(frame.encode())
    if close:
        protocol.send_close()
    connection.socket.sendall(b"".join(protocol.data_to_send()))


@pytest.mark.parametrize("end", ["no event", "close"])
def test_what_came_before_the_end_is_stored_all_the_same(
    windlass_server: WindlassServer, end: str
) -> None:
    resource = str(uuid4())
    events = [json.dumps(event(f"number-{n}", resource)) for n in range(250)]
    with connect(address(windlass_server, "/events/in"), proxy=None) as connection:
        if end == "close":
            send_at_once(connection, events, close=True)
        else:
            send_at_once(connection, [*events, "{}"])
        with pytest.raises(ConnectionClosed):
            read_to_the_end(connection)
    asked = {"filter": {"resource": {"id": [resource]}}}
    wait_until(
        lambda: windlass_server.post("events/filter", asked)["total"] == len(events),
        timeout=20,
        description="every event to be stored",
    )


def test_what_is_no_event_closes_the_stream(windlass_server: WindlassServer) -> None:
    with connect(address(windlass_server, "/events/in"), proxy=None) as connection:
        connection.send("{}")
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007


def test_what_happened_comes_before_what_happens(windlass_server: WindlassServer) -> None:
    resource = str(uuid4())
    post(windlass_server, event("before", resource), event("other", str(uuid4())))
    with subscriber(windlass_server, resource) as connection:
        assert names(connection, "before") == ["before"]
        post(windlass_server, event("other", str(uuid4())), event("after", resource))
        assert names(connection, "after") == ["after"]


def test_nothing_is_lost_or_repeated_where_the_past_ends(windlass_server: WindlassServer) -> None:
    resource = str(uuid4())
    wanted = [f"event-{number}" for number in range(60)]
    halfway = threading.Event()

    def publish() -> None:
        for number, name in enumerate(wanted):
            post(windlass_server, event(name, resource))
            if number == len(wanted) // 4:
                halfway.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    assert halfway.wait(timeout=20)
    with subscriber(windlass_server, resource) as connection:
        found = names(connection, wanted[-1])
    publisher.join()
    assert found == wanted


@pytest.mark.parametrize(
    "message",
    [{"type": "filter", "filter": {}}, ["auth"], "auth", {"type": "auth", "token": None, "n": 1}],
)
def test_who_does_not_keep_to_the_handshake_is_refused(
    windlass_server: WindlassServer, message: Any
) -> None:
    # The last one authenticates, and then sends no filter. The refusal may be there before the
    # second message is sent, or after.
    with (
        pytest.raises(ConnectionClosed) as closed,
        socket(windlass_server, message, {"type": "nonsense"}) as connection,
    ):
        read_to_the_end(connection)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_filter_that_makes_no_sense_is_refused(windlass_server: WindlassServer) -> None:
    messages = {"type": "auth", "token": None}, {"type": "filter", "filter": {"order": "?"}}
    with socket(windlass_server, *messages) as connection:
        connection.recv(timeout=20)
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_subscriber_that_reads_nothing_holds_up_nobody(windlass_server: WindlassServer) -> None:
    resource = str(uuid4())
    with (
        subscriber(windlass_server, resource),
        subscriber(windlass_server, resource) as reading,
    ):
        large = [event("large", resource) | {"payload": {"text": "x" * 50_000}} for _ in range(100)]
        post(windlass_server, *large)
        post(windlass_server, event("last", resource))
        assert names(reading, "last").count("large") == 100
