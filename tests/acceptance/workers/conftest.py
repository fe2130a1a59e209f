"""Workers against a server that the tests of a module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7


@pytest.fixture(scope="module")
def shared_fleet(
    windlass_server: WindlassServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """One process worker at work, for the tests of a module that leave it alone."""
    folder = tmp_path_factory.mktemp("fleet")
    fleet = Fleet(windlass_server, folder, f"pool-{uuid7()}")
    fleet.environment = {"WINDLASS_HOME": str(folder / "home")}
    fleet.start_worker("--type", "process")
    yield fleet
    fleet.end()


@pytest.fixture
def fleet(windlass_server: WindlassServer, tmp_path: Path) -> Iterator[Fleet]:
    """No worker yet, and a pool that no other test uses."""
    fleet = Fleet(windlass_server, tmp_path, f"pool-{uuid7()}")
    yield fleet
    fleet.end()
