"""Stock Prefect against real Windlass servers: its API URL is changed, and its credentials."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.compat.stock_client import REFERENCE, Stock
from tests.support.windlass_server import (
    AUTH_STRING,
    BY_BACKEND,
    Backend,
    WindlassServer,
    running_server,
)

PAIR: Final = "admin:pass:word"
"""The credentials of the servers that ask for some."""

OPEN_ON_SERVICES: Final = frozenset(
    {
        "test_automations",
        "test_concurrency",
        "test_records",
        "test_scripts",
        "test_transfer",
    }
)
"""The modules whose server asks for credentials on SQLite and memory only.

That of every other one asks for them on PostgreSQL and Redis only. So each module runs with them
and without, each backend is seen both ways, and the suite takes no longer for it: a wrong answer
to credentials is the same on both backends, since one layer asks for them before all routes.
"""


@pytest.fixture(scope="module", params=BY_BACKEND)
def windlass_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WindlassServer]:
    """A running server that the tests of a module share: with credentials on one backend."""
    asks = asks_for_credentials(request.path.stem, request.param)
    settings = {AUTH_STRING: PAIR} if asks else {}
    with running_server(request, tmp_path_factory.mktemp("server"), settings) as server:
        yield server


@pytest.fixture(scope="module")
def stock(windlass_server: WindlassServer, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """The stock package, with an empty home, against the server of the module."""
    if not (REFERENCE / "prefect").exists():
        pytest.fail("The stock package is not installed: run `make compat-env`.", pytrace=False)
    folder = tmp_path_factory.mktemp("stock")
    shutil.copytree(Path(__file__).parent / "stock", folder, dirs_exist_ok=True)
    return Stock(windlass_server, folder)


def asks_for_credentials(module: str, backend: Backend) -> bool:
    """Whether the server of this module asks for credentials on this backend."""
    return (backend is Backend.EMBEDDED) == (module in OPEN_ON_SERVICES)
