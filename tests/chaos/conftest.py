"""Servers that may be broken, loads for them, and the table of what came out."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, cast

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.chaos.load import Load
from tests.chaos.report import ROW, Row, page
from tests.chaos.sizes import CHOSEN, FORM, REPORT, Sizes
from tests.chaos.stores import Stores, own_stores
from tests.chaos.told import ToldTaskRuns
from tests.chaos.verdict import Rows
from tests.support.balancer import balancing
from tests.support.windlass_server import (
    BROKER_URL,
    Backend,
    WindlassServer,
    make_windlass_server,
)
from windlass.ids import uuid7

DATABASE_URL: Final = "WINDLASS_SERVER_DATABASE_CONNECTION_URL"
HASTE: Final = {
    "WINDLASS_SERVER_LEASE_SECONDS": str(CHOSEN.lease),
    "WINDLASS_SERVER_START_DEADLINE_SECONDS": str(CHOSEN.lease),
    "WINDLASS_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
}
"""Deadlines that a test can wait for."""
BOTH: Final = [
    Backend.SERVICES,
    pytest.param(Backend.EMBEDDED, marks=pytest.mark.long),
]
"""Where a fault makes sense without other programs; the short form has time for one."""
WOKEN: Final = "services, --broker-url"
WAYS: Final = [*BOTH, pytest.param(WOKEN, marks=pytest.mark.long)]
"""The same where workers hear the broker themselves, and seldom look without being told to."""
_OPTION: Final = "WINDLASS_WORKER_BROKER_URL"
_SELDOM: Final = "15"


@dataclass(frozen=True, slots=True)
class World:
    """A control plane that may be broken; `url` is that of the balancer before its replicas."""

    server: WindlassServer
    url: str
    rows: Rows
    sizes: Sizes
    stores: Stores | None
    told: dict[str, str] = field(default_factory=dict[str, str])
    """What workers are told beside the address of the API."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        return WOKEN if _OPTION in self.told else self.server.backend

    @property
    def port(self) -> int:
        """Of the balancer, or of the one process there is."""
        return int(self.url.rpartition(":")[2])


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """A PostgreSQL and a Redis of our own."""
    with own_stores() as stores:
        yield stores


def as_long_as_it_lasts(fixture_name: str, config: pytest.Config) -> Literal["session", "module"]:
    """The short form has no time for a server for each file."""
    return "session" if FORM == "short" else "module"


@pytest.fixture(scope=as_long_as_it_lasts, params=[Backend.SERVICES])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A running server; by default on PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp("world")
    if request.param is Backend.EMBEDDED:
        server = make_windlass_server(Backend.EMBEDDED, folder, HASTE)
        with running(server):
            database = Rows(str(folder / "home" / "windlass.db"))
            yield World(server, server.processes["server"].url, database, CHOSEN, None)
        return
    stores: Stores = request.getfixturevalue("stores")
    address, direct = stores.postgres.new_database()
    own = {DATABASE_URL: address, BROKER_URL: stores.broker.new_database()}
    server = make_windlass_server(Backend.SERVICES, folder, {**own, **HASTE})
    told: dict[str, str] = {}
    if request.param == WOKEN:
        told = {_OPTION: own[BROKER_URL], "WINDLASS_WORKER_QUERY_SECONDS": _SELDOM}
    with running(server):
        ports = [server.processes[name].port for name in ("api-1", "api-2")]
        with balancing(ports) as balancer:
            yield World(server, balancer.url, Rows(direct), CHOSEN, stores, told)


@pytest.fixture
def load(world: World, tmp_path: Path) -> Iterator[Load]:
    """A pool and a deployment of the test's own; no worker and no run yet."""
    with load_of(world, tmp_path) as load:
        yield load


@contextmanager
def load_of(world: World, folder: Path, url: str | None = None) -> Generator[Load]:
    """The same for workers and runs that speak to another address of the server."""
    fleet = Fleet(world.server, folder, f"pool-{uuid7()}")
    api = f"{url or world.url}/api"
    fleet.environment = world.told | {
        "WINDLASS_API_URL": api,
        "WINDLASS_HOME": str(folder / "home"),
    }
    load = Load(fleet, f"{world.url}/api", world.rows, world.sizes)
    try:
        yield load
    finally:
        fleet.end()


@pytest.fixture
def judged(request: pytest.FixtureRequest, world: World) -> Callable[..., None]:
    """Wait until a load is over, keep what came of it for the table, and fail if it is not what
    has to come: every run completed, but for those that are said to end otherwise."""

    def judge(
        fault: str,
        load: Load,
        *,
        size: str,
        over_at: float,
        told: ToldTaskRuns | None = None,
        either: tuple[str, ...] = (),
        **ended: int,
    ) -> None:
        with suppress(TimeoutError):  # the verdict says what is not over
            load.until_over()
        missing = told.missing() if told is not None else 0
        recovery = time.monotonic() - over_at
        verdict = load.verdict()
        verdict = replace(verdict, lost=verdict.lost + missing)
        wrong = verdict.complain(either=either, **ended)
        row = Row(fault, world.name, size, verdict, recovery, held=not wrong)
        request.node.user_properties.append((ROW, row.cells()))
        print(" | ".join(row.cells()))
        assert not wrong, wrong

    return judge


@contextmanager
def running(server: WindlassServer) -> Generator[None]:
    """Start it, and stop whatever runs at the end."""
    try:
        server.start()
        yield
    finally:
        server.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table, and write it where that was asked for."""
    reports: list[pytest.TestReport] = []
    for outcome in ("passed", "failed", "xfailed"):
        reports += terminalreporter.getreports(outcome)
    found = [pair for report in reports for pair in report.user_properties]
    rows = [cast("list[str]", value) for name, value in found if name == ROW]
    for cells in rows:
        terminalreporter.write_line(" | ".join(cells))
    if REPORT:
        report = Path(REPORT)
        report.write_text(page(rows, report.read_text() if report.exists() else ""))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The short form leaves out what takes long."""
    if FORM == "short":
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
