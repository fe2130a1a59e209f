"""A server that was started with credentials answers nobody else, but for its health."""

import json
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.support.windlass_server import WindlassServer
from windlass.client.orchestration import client_for
from windlass.exceptions import NotAuthenticated
from windlass.settings import resolve
from windlass_services.api.credentials import OPEN_PATHS, Credentials
from windlass_services.api.routes import ROUTERS

PAIR: Final = "admin:p4ss:wörd"
KEY: Final = "a-key"
BASIC: Final = "Basic " + b64encode(PAIR.encode()).decode()


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {"WINDLASS_SERVER_API_AUTH_STRING": PAIR, "WINDLASS_SERVER_API_KEY": KEY}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (BASIC, True),
        (BASIC.replace("Basic", "basic"), True),
        (f"Bearer {KEY}", True),
        (f"Bearer {PAIR}", False),
        (f"Basic {PAIR}", False),
        ("Basic " + b64encode(b"admin:guess").decode(), False),
        ("Basic \xff", False),
        ("Bearer ", False),
        ("", False),
        (None, False),
    ],
)
def test_headers_are_right_or_not(header: str | None, accepted: bool) -> None:
    assert Credentials(PAIR, KEY).accept_header(header) is accepted
    assert not Credentials("other:pair", "other").accept_header(header)


def test_what_is_not_set_accepts_nothing() -> None:
    only_key = Credentials(None, KEY)
    assert only_key.are_required
    assert not only_key.accept_header(BASIC)
    assert not only_key.accept_token("")
    assert not Credentials(None, None).are_required


def test_nothing_but_health_answers_without_credentials(
    own_windlass_server: WindlassServer,
) -> None:
    server = own_windlass_server.api_urls[0].removesuffix("/api")
    paths = {(method, f"/api{path}") for method, path in _operations()}
    paths |= {("GET", path) for path in ("/docs", "/api/openapi.json", "/metrics", "/", "/nothing")}
    answers: dict[str, int] = {}
    with httpx.Client(base_url=server) as client:
        for method, path in paths:
            answered = client.request(method, path.replace("{", "").replace("}", ""))
            answers[f"{method} {path}"] = answered.status_code
        refused = client.get("/api/version")
    open_to_all = {path for path, status in answers.items() if status != 401}
    assert open_to_all == {f"GET {path}" for path in OPEN_PATHS if f"GET {path}" in answers}
    assert len(answers) > 90
    assert refused.json()["exception_message"] == "Unauthorized"
    assert "WINDLASS_API_AUTH_STRING" in refused.json()["detail"]
    assert refused.headers["www-authenticate"].startswith("Basic ")


def _operations() -> Generator[tuple[str, str]]:
    for routes in ROUTERS:
        for declared in routes.declared:
            yield declared.method, declared.path


@pytest.mark.parametrize("name", ["API_AUTH_STRING", "API_KEY"])
async def test_a_client_with_credentials_is_answered(
    own_windlass_server: WindlassServer, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = own_windlass_server.api_urls[0]
    own = {"WINDLASS_HOME": str(tmp_path_factory.mktemp("home"))}
    value = {"API_AUTH_STRING": PAIR, "API_KEY": KEY}[name]
    async with client_for(url, resolve(own | {f"WINDLASS_{name}": value}, None)) as client:
        assert await client.create_flow_from_name("a-flow")
    async with client_for(url, resolve(own | {f"WINDLASS_{name}": "wrong:one"}, None)) as client:
        with pytest.raises(NotAuthenticated):
            await client.create_flow_from_name("a-flow")


@contextmanager
def socket(server: WindlassServer, path: str, header: str | None = None) -> Generator[Connection]:
    url = server.api_urls[0].replace("http", "ws", 1) + path
    headers = {"Authorization": header} if header else {}
    with connect(
        url, subprotocols=[Subprotocol("prefect")], additional_headers=headers, proxy=None
    ) as connection:
        yield connection


def test_websockets_ask_for_the_same_credentials(own_windlass_server: WindlassServer) -> None:
    server = own_windlass_server
    for path in ("/events/out", "/logs/out"):
        for token in (PAIR, KEY):
            with socket(server, path) as connection:
                assert _answer(connection, token) == {"type": "auth_success"}
        with socket(server, path, BASIC) as connection:
            assert _answer(connection, None) == {"type": "auth_success"}
        for token, reason in ((None, "no token"), ("guess", "Invalid token")):
            with (
                socket(server, path) as connection,
                pytest.raises(ConnectionClosed, match=reason) as closed,
            ):
                _answer(connection, token)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008


def test_events_are_taken_from_who_may_send_them(own_windlass_server: WindlassServer) -> None:
    with pytest.raises(InvalidStatus) as refused, socket(own_windlass_server, "/events/in"):
        pass
    assert refused.value.response.status_code == 401
    assert b"PREFECT_CLIENT_CUSTOM_HEADERS" in (refused.value.response.body or b"")
    with socket(own_windlass_server, "/events/in", BASIC) as connection:
        assert connection.ping().wait(timeout=20)


def _answer(connection: Connection, token: Any) -> Any:
    connection.send(json.dumps({"type": "auth", "token": token}))
    return json.loads(connection.recv(timeout=20))
