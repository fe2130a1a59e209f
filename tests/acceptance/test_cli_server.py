"""`windlass server`: a server in the background, its services, its database."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.command import done, windlass, windlass_process

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def running(free_port: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the API of a server in the background, which is stopped after the test."""
    done("server", "start", "--background", "--port", free_port)
    url = f"http://127.0.0.1:{free_port}/api"
    monkeypatch.setenv("WINDLASS_API_URL", url)
    yield url
    done("server", "stop")


def test_a_server_is_started_found_and_stopped(free_port: str, windlass_home: Path) -> None:
    said = done("server", "start", "--background", "--port", free_port).out
    url = f"http://127.0.0.1:{free_port}/api"
    assert f"windlass config set WINDLASS_API_URL={url}" in said
    assert httpx.get(f"{url}/health").json() is True
    assert f"The server at {url} is healthy" in done("server", "status").out
    assert done("server", "status", "-o", "json").json["healthy"]
    again = windlass("server", "start", "--background", "--port", free_port)
    assert again.code == 1
    assert "runs in the background already" in again.err
    assert (windlass_home / "windlass.db").exists()
    assert done("server", "stop").out == "Stopped the server.\n"
    assert done("server", "stop").out == "No server runs in the background.\n"
    gone = windlass("server", "status")
    assert gone.code == 1
    assert "windlass server start" in gone.err


def test_its_address_can_be_kept_in_the_profile(free_port: str) -> None:
    done("--prompt", "server", "start", "--background", "--port", free_port, typed="y\n")
    try:
        assert done("work-pool", "ls", "-o", "json").json == []
        assert "API version:" in done("version").out
    finally:
        done("server", "stop")


def test_its_profile_is_that_of_the_command(free_port: str) -> None:
    done("profile", "create", "other")
    other = ("--profile", "other")
    done(*other, "config", "set", f"server.api.port={free_port}")
    done(*other, "server", "start", "--background")
    try:
        assert f"127.0.0.1:{free_port}" in done("server", "status").out
    finally:
        done("server", "stop")


def test_a_port_that_is_taken_is_told(free_port: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(free_port)))
        taken.listen()
        said = windlass("server", "start", "--background", "--port", free_port)
    assert said.code == 1
    assert f"Cannot listen on 127.0.0.1:{free_port}" in said.err
    assert "--port" in said.err
    assert "Traceback" not in said.err


def test_a_server_in_the_foreground_ends_with_ctrl_c(
    free_port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("WINDLASS_SERVER_API_PORT", free_port)
    with windlass_process(log, "server", "start", "--log-level", "INFO") as server:
        url = f"http://127.0.0.1:{free_port}/api"
        done("server", "status", "--wait", "--timeout", "20")
        assert server.said(f"Starting a Windlass server with its API at {url}")
        assert server.interrupt() == 0
    assert server.said("Serving api, scheduler, triggers")


def test_what_cannot_be_started_together_is_wrong_usage() -> None:
    said = windlass("server", "start", "--workers", "2")
    assert (said.code, "--no-services" in said.err) == (2, True)
    assert windlass("server", "start", "--port", "70000").code == 2


def test_one_service_alone_needs_a_broker_for_all(free_port: str) -> None:
    said = windlass("server", "start", "--no-services", "--background", "--port", free_port)
    assert said.code == 1
    assert "A broker in memory serves one process only" in said.err


def test_services_are_listed_with_their_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_SERVER_SERVICES_LATE_RUNS_ENABLED", "false")
    listed = {each["name"]: each for each in done("server", "services", "ls", "-o", "json").json}
    assert listed["scheduler"]["enabled"]
    assert not listed["late_runs"]["enabled"]
    assert listed["late_runs"]["setting"] == "WINDLASS_SERVER_SERVICES_LATE_RUNS_ENABLED"
    assert done("server", "services", "list-services").out == done("server", "services", "ls").out


def test_services_run_in_the_background(
    free_port: str, fresh_postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDLASS_SERVER_DATABASE_CONNECTION_URL", fresh_postgres_url)
    monkeypatch.setenv("WINDLASS_SERVER_BROKER_URL", redis_url)
    said = done("server", "services", "start", "--background", "--port", free_port).out
    assert said.startswith("scheduler, triggers run in the background")
    assert httpx.get(f"http://127.0.0.1:{free_port}/health/ready").is_success
    assert done("server", "services", "stop").out == "Stopped services.\n"
    assert done("server", "services", "stop").out == "No services run in the background.\n"


def test_several_processes_answer_on_one_address(
    free_port: str, fresh_postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDLASS_SERVER_DATABASE_CONNECTION_URL", fresh_postgres_url)
    monkeypatch.setenv("WINDLASS_SERVER_BROKER_URL", redis_url)
    several = ("--no-services", "--workers", "2")
    done("server", "start", "--background", "--port", free_port, *several)
    try:
        assert "healthy" in done("server", "status").out
    finally:
        assert done("server", "stop").out == "Stopped the server.\n"


def test_the_database_is_migrated_to_and_fro(windlass_home: Path) -> None:
    assert "windlass.db is at 0" in done("server", "database", "upgrade", "--yes").out
    assert "DROP COLUMN" in done("server", "database", "downgrade", "--dry-run").out
    assert "no revision" in done("server", "database", "downgrade", "-r", "base", "--yes").out
    assert "CREATE TABLE" in done("server", "database", "upgrade", "--dry-run").out
    assert "at no revision" in done("server", "database", "stamp", "base").out
    assert (windlass_home / "windlass.db").exists()


@pytest.mark.parametrize("command", [("reset",), ("downgrade",)])
def test_nothing_is_destroyed_where_nobody_can_confirm_it(command: tuple[str, ...]) -> None:
    said = windlass("server", "database", *command)
    assert said.code == 1
    assert "Add --yes" in said.err
    assert windlass("--prompt", "server", "database", *command, typed="n\n").code == 1


def test_an_unknown_revision_is_told() -> None:
    said = windlass("server", "database", "upgrade", "--yes", "-r", "nothing")
    assert said.code == 1
    assert "There is no revision 'nothing'" in said.err


def test_a_database_is_emptied(running: str) -> None:
    done("work-pool", "create", "a-pool", "--type", "process")
    done("server", "stop")
    assert "Emptied the database" in done("server", "database", "reset", "--yes").out
    done("server", "start", "-b", "--port", running.rsplit(":", 1)[1].removesuffix("/api"))
    assert done("work-pool", "ls", "-o", "json").json == []
