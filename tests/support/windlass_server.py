"""A Windlass server as real processes, on either backend.

`windlass_server` is shared by the tests of a module, once for each backend; `own_windlass_server`
is the test's own, for those that break it.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol, runtime_checkable

import httpx
import pytest

from tests.support.forking import Process, nursery
from tests.support.postgres import create_database, drop_database
from tests.support.redis import RedisDatabases
from tests.support.waiting import wait_until

AUTH_STRING: Final = "WINDLASS_SERVER_API_AUTH_STRING"
BROKER_URL: Final = "WINDLASS_SERVER_BROKER_URL"
DATABASE_URL: Final = "WINDLASS_SERVER_DATABASE_CONNECTION_URL"
SECONDS_TO_START: Final = 20.0
SECONDS_TO_STOP: Final = 15.0
SECONDS_FOR_A_TEST: Final = 180
LINES_SHOWN: Final = 60
_LOADED: Final = (
    "asyncpg",
    "redis.asyncio",
    "windlass_services.api.app",
    "windlass_services.processes.replicas",
    "windlass_services.processes.run",
)


class Backend(StrEnum):
    """What the server stands on, and how it is laid out."""

    EMBEDDED = "embedded"
    """Everything in one process, SQLite and memory."""
    SERVICES = "services"
    """Two API replicas, a scheduler and triggers, over PostgreSQL and Redis."""


LAYOUT: Final[dict[Backend, dict[str, list[str]]]] = {
    Backend.EMBEDDED: {"server": []},
    Backend.SERVICES: {
        "api-1": ["api"],
        "api-2": ["api"],
        "scheduler": ["scheduler"],
        "triggers": ["triggers"],
    },
}
"""The processes by name, and the services that each of them runs (none named: all)."""


@runtime_checkable
class HasLogs(Protocol):
    """A fixture with processes: what they said is shown with a test that failed."""

    def logs_of_processes(self) -> Iterable[tuple[str, str]]:
        """What each process said last, under its name."""
        ...


@dataclass(slots=True)
class ServerProcess:
    """One process of the control plane. Its port and its log stay the same over restarts."""

    name: str
    services: list[str]
    environment: Mapping[str, str]
    log: Path
    port: int = 0
    running: Process | None = None
    lifeline: int | None = None

    @property
    def url(self) -> str:
        """Where it answers; the probes are below."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return at once; requests wait until it is ready."""
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            # The server ends when this end of the pipe closes: however the test run ends.
            watched, self.lifeline = os.pipe()
            descriptors = (listener.fileno(), watched)
            options = ["--fd", str(descriptors[0]), "--watch-fd", str(descriptors[1])]
            with self.log.open("ab") as log:
                self.running = nursery(Path(sys.executable), *_LOADED).start(
                    ["-m", "windlass_services", *self.services, *options],
                    folder=Path.cwd(),
                    environment=self.environment,
                    output=log.fileno(),
                    errors=log.fileno(),
                    descriptors=descriptors,
                )
            os.close(watched)

    def is_ready(self) -> bool:
        """It answers, and so do the database and the broker behind it. Raises when it ended."""
        assert self.running is not None
        if self.running.poll() is not None:
            raise RuntimeError(f"{self.name} ended before it was ready. It said:\n{self.tail()}")
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=1).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it without warning, as `kill -9` does."""
        assert self.running is not None
        self.running.kill()
        self._reap()

    def stop(self) -> int:
        """Ask it to end; its exit code. Raises when it does not."""
        self.ask_to_stop()
        return self.wait_for_end()

    def ask_to_stop(self) -> None:
        """Send SIGTERM: take no new work, finish what runs, exit. A second one is less patient."""
        assert self.running is not None
        self.running.terminate()

    def wait_for_end(self) -> int:
        """The exit code of a process that was asked to stop. Raises when it does not."""
        assert self.running is not None
        try:
            self.running.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise TimeoutError(f"{self.name} did not stop. It said:\n{self.tail()}") from error
        return self._reap()

    def let_go(self) -> None:
        """Close what it watches, as the kernel does when the tests are gone."""
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LINES_SHOWN:])

    def _reap(self) -> int:
        assert self.running is not None
        code = self.running.wait()
        self.running = None
        self.let_go()
        return code


@dataclass(frozen=True, slots=True)
class WindlassServer:
    """A running control plane."""

    backend: Backend
    processes: dict[str, ServerProcess] = field(default_factory=dict[str, ServerProcess])
    credentials: str | None = None
    """The `user:password` that it asks for; None: it answers to everybody."""

    @property
    def api_urls(self) -> list[str]:
        """The address of each API replica, for WINDLASS_API_URL or PREFECT_API_URL."""
        serving = [p for p in self.processes.values() if not p.services or "api" in p.services]
        return [f"{process.url}/api" for process in serving]

    @property
    def api_url(self) -> str:
        """The address of the first API replica."""
        return self.api_urls[0]

    @contextmanager
    def http(self) -> Generator[httpx.Client]:
        """Requests by hand, relative to the API of the first replica."""
        pair = (
            None if self.credentials is None else httpx.BasicAuth(*self.credentials.split(":", 1))
        )
        with httpx.Client(base_url=f"{self.api_url}/", timeout=20, auth=pair) as client:
            yield client

    def post(self, path: str, body: dict[str, Any] | list[Any] | None = None) -> Any:
        """The answer to one request of which nothing but success is expected."""
        with self.http() as client:
            return _successful(client.post(path, json=body or {}))

    def get(self, path: str) -> Any:
        """The answer to one question of which nothing but success is expected."""
        with self.http() as client:
            return _successful(client.get(path))

    def logs_of_processes(self) -> Iterator[tuple[str, str]]:
        """What each process said last, under its name."""
        for process in self.processes.values():
            yield f"log of {process.name}", process.tail()

    def start(self, *names: str) -> None:
        """Start the processes of these names, all of them by default, and wait for them."""
        wanted = [self.processes[name] for name in names or self.processes]
        for process in wanted:
            process.start()
        for process in wanted:
            wait_until(process.is_ready, timeout=SECONDS_TO_START, description=process.name)

    def stop(self) -> dict[str, int]:
        """Ask every process that runs to end; their exit codes."""
        running = [process for process in self.processes.values() if process.running]
        for process in running:
            process.ask_to_stop()
        return {process.name: process.wait_for_end() for process in running}


def _successful(answer: httpx.Response) -> Any:
    said = f"{answer.request.method} {answer.request.url} was answered {answer.status_code}"
    assert answer.is_success, f"{said}: {answer.text}"
    return answer.json() if answer.content else None


def make_windlass_server(
    backend: Backend, folder: Path, environment: Mapping[str, str]
) -> WindlassServer:
    """A server that is not running yet; logs and the embedded database are made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "WINDLASS_"}
    environment = inherited | {"WINDLASS_HOME": str(folder / "home")} | dict(environment)
    processes = {
        name: ServerProcess(name, services, environment, folder / f"{name}.log")
        for name, services in LAYOUT[backend].items()
    }
    return WindlassServer(backend, processes, environment.get(AUTH_STRING))


BY_BACKEND: Final = list(Backend)


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Settings of the servers of a module beside their stores; one that wants some overrides."""
    return {}


@pytest.fixture(scope="module", params=BY_BACKEND)
def windlass_server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server_settings: dict[str, str],
) -> Iterator[WindlassServer]:
    """A running server that the tests of a module share, on each backend."""
    folder = tmp_path_factory.mktemp("windlass-server")
    with running_server(request, folder, server_settings) as server:
        yield server


@pytest.fixture(params=list(Backend))
def own_windlass_server(
    request: pytest.FixtureRequest, tmp_path: Path, server_settings: dict[str, str]
) -> Iterator[WindlassServer]:
    """A running server of the test's own, on each backend."""
    with running_server(request, tmp_path / "windlass-server", server_settings) as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with real processes get the time that starting those takes on a busy machine."""
    for item in items:
        fixtures: list[str] = getattr(item, "fixturenames", [])
        is_slow = any(name.endswith("windlass_server") for name in fixtures)
        if is_slow and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SECONDS_FOR_A_TEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the processes of its fixtures said."""
    report = yield
    if report.failed:
        for fixture in getattr(item, "funcargs", {}).values():
            if isinstance(fixture, HasLogs):
                report.sections.extend(fixture.logs_of_processes())
    return report


@contextmanager
def running_server(
    request: pytest.FixtureRequest, folder: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> Generator[WindlassServer]:
    """A server on the backend that the fixture's parameter names; what is left is taken away."""
    backend: Backend = request.param
    with _stores(request, backend) as environment:
        server = make_windlass_server(backend, folder, {**environment, **settings})
        try:
            server.start()
            yield server
        finally:
            codes = server.stop()
    assert not any(codes.values()), f"the services ended with {codes}"


@contextmanager
def _stores(request: pytest.FixtureRequest, backend: Backend) -> Generator[dict[str, str]]:
    """The settings that name a migrated database without rows, and an empty broker."""
    if backend is Backend.EMBEDDED:
        yield {}
        return
    postgres: str = request.getfixturevalue("postgres_server")
    databases: RedisDatabases = request.getfixturevalue("redis_databases")
    names: Iterator[str] = request.getfixturevalue("database_names")
    template: str = request.getfixturevalue("migrated_template")
    name = next(names)
    try:
        with databases.one() as redis:
            yield {
                DATABASE_URL: create_database(postgres, name, template=template),
                BROKER_URL: redis,
            }
    finally:
        drop_database(postgres, name)
