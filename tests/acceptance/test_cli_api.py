"""`windlass api` against a server."""

import json
from pathlib import Path

import pytest

from tests.support.command import done, windlass
from tests.support.windlass_server import Backend, make_windlass_server
from windlass.ids import uuid7


@pytest.mark.usefixtures("api")
def test_a_request_is_sent_and_the_answer_is_printed() -> None:
    assert done("api", "GET", "/hello").json == "👋"
    assert done("api", "get", "health").json is True


@pytest.mark.usefixtures("api")
def test_a_body_is_said_or_read(tmp_path: Path) -> None:
    name = f"v-{uuid7()}"
    body = json.dumps({"name": name, "value": 1})
    made = done("api", "POST", "/variables/", "--data", body).json
    assert made["name"] == name
    change = tmp_path / "change.json"
    change.write_text('{"value": 2}')
    done("api", "PATCH", f"/variables/{made['id']}", "--data", f"@{change}")
    assert done("variable", "get", name).out == "2\n"
    done("api", "PATCH", f"/variables/{made['id']}", "--data", "-", typed='{"value": 3}')
    assert done("variable", "get", name).out == "3\n"
    done("api", "PATCH", f"/variables/{made['id']}", typed='{"value": 4}')
    assert done("variable", "get", name).out == "4\n"
    assert done("api", "DELETE", f"/variables/name/{name}").out == ""


@pytest.mark.usefixtures("api")
def test_a_filter_needs_no_body() -> None:
    assert isinstance(done("api", "POST", "/flows/filter").json, list)
    assert isinstance(done("api", "POST", "/flows/count").json, int)


@pytest.mark.usefixtures("api")
def test_headers_are_sent_and_shown() -> None:
    said = done("api", "GET", "/health", "-H", "X-Custom: a: b", "--verbose").out
    assert "> GET http://" in said
    assert "> x-custom: a: b\n" in said
    assert "< 200 OK\n" in said
    assert said.endswith("\ntrue\n")


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("GET", f"/flows/{uuid7()}"), 4, "404 Not Found"),
        (("POST", "/flows/filter", "--data", '{"limit": "x"}'), 4, "422 Unprocessable"),
        (("POST", "/flows/filter", "--data", "{oops"), 2, "the body is not JSON"),
        (("POST", "/flows/filter", "--data", "@no-such"), 2, "no-such cannot be read"),
        (("GET", "/flows", "-H", "oops"), 2, "NAME: VALUE"),
        (("FETCH", "/flows"), 2, "FETCH"),
    ],
)
def test_what_goes_wrong_has_a_status(arguments: tuple[str, ...], code: int, words: str) -> None:
    said = windlass("api", *arguments)
    assert said.code == code
    assert words in said.err
    assert "Traceback" not in said.err


def test_nobody_there_is_told(free_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_API_URL", f"http://127.0.0.1:{free_port}/api")
    said = windlass("api", "GET", "/health")
    assert said.code == 7
    assert f"No answer from the API at http://127.0.0.1:{free_port}/api" in said.err


def test_the_login_goes_with_it_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "WINDLASS_SERVER_API_AUTH_STRING": "me:s3cret",
        "WINDLASS_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "WINDLASS_API_AUTH_STRING": "me:s3cret",
    }
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "server", settings)
    try:
        server.start()
        monkeypatch.setenv("WINDLASS_API_URL", server.api_url)
        refused = windlass("api", "POST", "/flows/filter")
        assert (refused.code, "401 Unauthorized" in refused.err) == (3, True)
        monkeypatch.setenv("WINDLASS_API_AUTH_STRING", "me:s3cret")
        said = done("api", "POST", "/flows/filter", "--verbose")
        assert "> authorization: ...\n" in said.out
        assert "bWU6czNjcmV0" not in said.out
    finally:
        server.stop()
