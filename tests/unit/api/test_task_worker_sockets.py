"""Background task runs on their way to task workers, by websocket, of real servers."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer

PATH = "/task_runs/subscriptions/scheduled"


@contextmanager
def worker(
    server: WindlassServer, *keys: str, replica: int = 0, **said: Any
) -> Generator[Connection]:
    """A task worker, past the handshake."""
    url = server.api_urls[replica].replace("http", "ws", 1) + PATH
    with connect(url, subprotocols=[Subprotocol("prefect")], proxy=None) as connection:
        connection.send(json.dumps({"type": "auth", "token": None}))
        assert json.loads(connection.recv(timeout=20)) == {"type": "auth_success"}
        subscription = {"type": "subscribe", "keys": list(keys), "client_id": str(uuid4())}
        connection.send(json.dumps(subscription | said))
        yield connection


def say(connection: Connection, kind: str) -> None:
    connection.send(json.dumps({"type": kind}))


def heard(connection: Connection) -> dict[str, Any]:
    return json.loads(connection.recv(timeout=20))


def delayed(server: WindlassServer, key: str, **details: Any) -> str:
    """The id of a run that was scheduled for a task worker."""
    state = {"type": "SCHEDULED", "state_details": {"deferred": True} | details}
    body = {"task_key": key, "dynamic_key": str(uuid4()), "state": state}
    return server.post("task_runs/", body)["id"]


@pytest.fixture
def key() -> str:
    """The key of a task that no other test knows."""
    return f"task-{uuid4()}"


def test_runs_come_one_by_one_as_each_is_acknowledged(
    windlass_server: WindlassServer, key: str
) -> None:
    wanted = [delayed(windlass_server, key) for _ in range(3)]
    with worker(windlass_server, key, "another") as connection:
        for id in wanted:
            assert heard(connection)["id"] == id
            with pytest.raises(TimeoutError):
                connection.recv(timeout=0)
            say(connection, "ack")


def test_a_worker_that_waits_gets_what_another_replica_took_in(
    windlass_server: WindlassServer, key: str
) -> None:
    with worker(windlass_server, key, replica=-1) as connection:
        id = delayed(windlass_server, key, task_parameters_id=str(uuid4()))
        run = heard(connection)
        assert run["id"] == id
        assert run["state"]["state_details"]["task_parameters_id"]


def test_what_a_worker_did_not_acknowledge_goes_to_another(
    windlass_server: WindlassServer, key: str
) -> None:
    with worker(windlass_server, key) as connection:
        id = delayed(windlass_server, key)
        assert heard(connection)["id"] == id
    with worker(windlass_server, key, replica=-1) as connection:
        assert heard(connection)["id"] == id


def test_what_a_worker_acknowledged_goes_to_nobody_else(
    windlass_server: WindlassServer, key: str
) -> None:
    first = delayed(windlass_server, key)
    with worker(windlass_server, key, paced=True) as connection:
        say(connection, "ready")
        assert heard(connection)["id"] == first
        say(connection, "ack")
        assert heard(connection) == {"type": "confirmed"}
    second = delayed(windlass_server, key)
    with worker(windlass_server, key) as connection:
        assert heard(connection)["id"] == second


def test_two_workers_share_the_runs(windlass_server: WindlassServer, key: str) -> None:
    with worker(windlass_server, key) as one, worker(windlass_server, key, replica=-1) as other:
        wanted = {delayed(windlass_server, key), delayed(windlass_server, key)}
        assert {heard(one)["id"], heard(other)["id"]} == wanted


def test_a_paced_worker_gets_nothing_that_it_did_not_ask_for(
    windlass_server: WindlassServer, key: str
) -> None:
    with (
        worker(windlass_server, key, paced=True) as idle,
        worker(windlass_server, key, replica=-1) as other,
    ):
        first = delayed(windlass_server, key)
        assert heard(other)["id"] == first
        say(idle, "ready")
        second = delayed(windlass_server, key)
        assert heard(idle)["id"] == second


def test_a_run_that_was_cancelled_meanwhile_is_not_handed_out(
    windlass_server: WindlassServer, key: str
) -> None:
    cancelled, wanted = delayed(windlass_server, key), delayed(windlass_server, key)
    state = {"state": {"type": "CANCELLED"}}
    windlass_server.post(f"task_runs/{cancelled}/set_state", state)
    with worker(windlass_server, key) as connection:
        assert heard(connection)["id"] == wanted


def test_a_run_that_is_scheduled_again_is_handed_out_again(
    windlass_server: WindlassServer, key: str
) -> None:
    id = delayed(windlass_server, key)
    with worker(windlass_server, key) as connection:
        assert heard(connection)["id"] == id
        say(connection, "ack")
        again = {"type": "SCHEDULED", "state_details": {"deferred": True}}
        windlass_server.post(f"task_runs/{id}/set_state", {"state": again, "force": True})
        assert heard(connection)["id"] == id


def test_a_run_that_is_not_deferred_is_for_nobody(
    windlass_server: WindlassServer, key: str
) -> None:
    body = {"task_key": key, "dynamic_key": "0", "state": {"type": "SCHEDULED"}}
    windlass_server.post("task_runs/", body)
    with worker(windlass_server, key) as connection:
        wanted = delayed(windlass_server, key)
        assert heard(connection)["id"] == wanted


def test_workers_are_listed_while_they_are_there(windlass_server: WindlassServer, key: str) -> None:
    def listed(*keys: str) -> list[dict[str, Any]]:
        asked = {"task_worker_filter": {"task_keys": list(keys)}}
        return windlass_server.post("task_workers/filter", asked)

    with worker(windlass_server, key, "b", client_id=f"me-{key}", replica=-1):
        wait_until(lambda: listed(key), timeout=20, description="the worker to be listed")
        [found] = listed(key, "b")
        assert found["identifier"] == f"me-{key}"
        assert sorted(found["task_keys"]) == sorted([key, "b"])
        assert listed(key, "c") == []
        assert f"me-{key}" in [
            one["identifier"] for one in windlass_server.post("task_workers/filter")
        ]
    wait_until(lambda: not listed(key), timeout=20, description="the worker to be forgotten")


@pytest.mark.parametrize(
    "subscription", [{"type": "subscribe", "keys": []}, {"type": "filter"}, []]
)
def test_what_is_no_subscription_closes_the_socket(
    windlass_server: WindlassServer, subscription: Any
) -> None:
    url = windlass_server.api_url.replace("http", "ws", 1) + PATH
    with connect(url, subprotocols=[Subprotocol("prefect")], proxy=None) as connection:
        say(connection, "auth")
        heard(connection)
        connection.send(json.dumps(subscription))
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
