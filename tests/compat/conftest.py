"""Stock Prefect against real Windlass servers: nothing but its API URL is changed."""

import shutil
from pathlib import Path

import pytest

from tests.compat.stock_client import REFERENCE, Stock
from tests.support.windlass_server import WindlassServer


@pytest.fixture(scope="module")
def stock(windlass_server: WindlassServer, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """The stock package, with an empty home, against the server of the module."""
    if not (REFERENCE / "prefect").exists():
        pytest.fail("The stock package is not installed: run `make compat-env`.", pytrace=False)
    folder = tmp_path_factory.mktemp("stock")
    shutil.copytree(Path(__file__).parent / "stock", folder, dirs_exist_ok=True)
    return Stock(windlass_server, folder)
