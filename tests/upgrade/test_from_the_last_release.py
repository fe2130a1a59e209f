"""What the last release wrote, this tree reads; what it shipped, stays as it was."""

import os
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.support.postgres import create_database, drop_database
from tests.support.waiting import wait_until
from tests.support.windlass_server import SECONDS_TO_START, ServerProcess

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
WHEEL: Final = HERE / "windlass-0.1.0-py3-none-any.whl"
MIGRATIONS: Final = "windlass_services/storage/migrations/versions"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release, to be put first on PYTHONPATH."""
    folder = tmp_path_factory.mktemp("released")
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, database_names: Iterator[str]
) -> Generator[str]:
    """An address at which there is no schema yet."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/windlass.db"
        return
    server: str = request.getfixturevalue("postgres_server")
    name = next(database_names)
    yield create_database(server, name)
    drop_database(server, name)


@contextmanager
def running(home: Path, database_url: str, code: Path | None = None) -> Generator[httpx.Client]:
    """A server over the database, of the release or of this tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WINDLASS_")}
    own = {"WINDLASS_HOME": str(home), "WINDLASS_SERVER_DATABASE_CONNECTION_URL": database_url}
    older = {"PYTHONPATH": str(code)} if code else {}
    process = ServerProcess("server", [], kept | own | older, home / "server.log")
    process.start()
    try:
        wait_until(process.is_ready, timeout=SECONDS_TO_START, description="the server")
        with httpx.Client(base_url=f"{process.url}/api") as client:
            yield client
    finally:
        process.stop()


def test_what_the_release_wrote_is_there_after_the_upgrade(
    released: Path, database_url: str, tmp_path: Path
) -> None:
    with running(tmp_path, database_url, released) as client:
        version = client.get("/openapi.json").json()["info"]["version"]
        flow = client.post("/flows/", json={"name": "kept"}).json()
        run = client.post("/flow_runs/", json={"flow_id": flow["id"]}).json()
        state = {"type": "RUNNING"}
        client.post(f"/flow_runs/{run['id']}/set_state", json={"state": state})
    assert f"windlass-{version}-" in WHEEL.name
    with running(tmp_path, database_url) as client:
        assert client.get("/flows/name/kept").json()["id"] == flow["id"]
        assert client.get(f"/flow_runs/{run['id']}").json()["state_type"] == "RUNNING"


def test_no_migration_of_the_release_has_changed(released: Path) -> None:
    shipped = {path.name: path.read_bytes() for path in (released / MIGRATIONS).iterdir()}
    here = ROOT / "services" / MIGRATIONS
    assert shipped
    for name, content in shipped.items():
        assert (here / name).read_bytes() == content, f"{name} was released: add a new migration"
