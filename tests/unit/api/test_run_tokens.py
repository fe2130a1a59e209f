"""The token of a flow run lets its process, and nobody else, speak to a server with credentials."""

import json
from base64 import b64encode
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.windlass_server import AUTH_STRING, WindlassServer
from windlass.schemas.executions import EXECUTION_HEADER, RUN_TOKEN_HEADER
from windlass_services.api.candidates import CUSTOM_HEADERS

PAIR: Final = "admin:pass"
BASIC: Final = {"Authorization": "Basic " + b64encode(PAIR.encode()).decode()}


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """The server asks for credentials."""
    return {AUTH_STRING: PAIR}


@dataclass(frozen=True, slots=True)
class Polled:
    """A run that a worker with credentials was told of."""

    url: str
    run_id: str
    headers: dict[str, str]

    def post(self, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, headers=headers)

    def proposes(self, headers: dict[str, str], state: str = "RUNNING") -> httpx.Response:
        """The run's state, proposed with these headers."""
        return self.post(f"/flow_runs/{self.run_id}/set_state", {"state": {"type": state}}, headers)


@pytest.fixture
def polled(windlass_server: WindlassServer, request: pytest.FixtureRequest) -> Generator[Polled]:
    """One run in a pool of the test's own."""
    name = request.node.name
    with httpx.Client(base_url=windlass_server.api_urls[0], headers=BASIC) as user:
        user.post("/work_pools/", json={"name": name, "type": "process"}).raise_for_status()
        flow = user.post("/flows/", json={"name": "flow"}).json()
        wanted = {"name": name, "flow_id": flow["id"], "work_pool_name": name}
        deployment = user.post("/deployments/", json=wanted).json()
        path = f"/deployments/{deployment['id']}/create_flow_run"
        run = user.post(path, json={}).json()
        [told] = user.post(f"/work_pools/{name}/get_scheduled_flow_runs", json={}).json()
        headers = json.loads(told["flow_run"]["job_variables"]["env"][CUSTOM_HEADERS])
        yield Polled(windlass_server.api_urls[0], run["id"], headers)


def test_a_run_is_answered_for_its_token(polled: Polled) -> None:
    assert polled.headers[EXECUTION_HEADER] == f"{polled.run_id}.1"
    assert polled.proposes({}).status_code == 401
    token = polled.headers[RUN_TOKEN_HEADER]
    assert polled.post("/flows/", {"name": "flow"}, {"Authorization": f"Bearer {token}"}).is_success
    assert polled.proposes(BASIC, "PENDING").json()["status"] == "ACCEPT"
    # Without the header that names its execution: the token names it already.
    assert polled.proposes({RUN_TOKEN_HEADER: token}).json()["status"] == "ACCEPT"


def test_a_token_of_another_execution_stops_who_brings_it(polled: Polled) -> None:
    token = {RUN_TOKEN_HEADER: polled.headers[RUN_TOKEN_HEADER]}
    polled.proposes(BASIC, "PENDING")
    forced = {"state": {"type": "SCHEDULED"}, "force": True}
    polled.post(f"/flow_runs/{polled.run_id}/set_state", forced, BASIC)
    polled.proposes(BASIC, "PENDING")
    claimed_to_be = {EXECUTION_HEADER: f"{polled.run_id}.2"}
    stopped = polled.proposes(token | claimed_to_be)
    assert (stopped.status_code, stopped.json()["status"]) == (200, "ABORT")
    assert polled.proposes(BASIC | claimed_to_be).json()["status"] == "ACCEPT"


def test_forged_and_foreign_tokens_are_refused(polled: Polled) -> None:
    token = polled.headers[RUN_TOKEN_HEADER]
    another_generation = token.replace(f"{polled.run_id}.1.", f"{polled.run_id}.2.")
    last = "0" if token[-1] != "0" else "1"
    for forged in (another_generation, token[:-1] + last, "wrt_", "wrt_x.y", ""):
        assert polled.proposes({RUN_TOKEN_HEADER: forged}).status_code == 401, forged


def test_the_token_of_a_run_that_is_gone_is_refused(polled: Polled) -> None:
    httpx.delete(f"{polled.url}/flow_runs/{polled.run_id}", headers=BASIC).raise_for_status()
    assert polled.proposes(polled.headers).status_code == 401


@pytest.mark.parametrize(
    "path", ["/admin/database/clear", "/admin/dead_letters/redrive"], ids=["database", "letters"]
)
def test_a_run_does_not_administer_the_server(polled: Polled, path: str) -> None:
    refused = polled.post(path, {"confirm": True, "all": True}, polled.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert httpx.get(f"{polled.url}/admin/version", headers=polled.headers).is_success


def test_websockets_take_run_tokens_as_well(polled: Polled) -> None:
    url, prefect = polled.url.replace("http", "ws", 1), [Subprotocol("prefect")]
    with connect(f"{url}/events/in", additional_headers=polled.headers, proxy=None) as socket:
        assert socket.ping().wait(timeout=20)
    with connect(f"{url}/events/out", subprotocols=prefect, proxy=None) as socket:
        socket.send(json.dumps({"type": "auth", "token": polled.headers[RUN_TOKEN_HEADER]}))
        assert json.loads(socket.recv(timeout=20)) == {"type": "auth_success"}
    with connect(f"{url}/events/out", subprotocols=prefect, proxy=None) as socket:
        socket.send(json.dumps({"type": "auth", "token": "wrt_forged"}))
        with pytest.raises(ConnectionClosed, match="Invalid token"):
            socket.recv(timeout=20)
