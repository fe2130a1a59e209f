"""Commands in the process of a test speak to the server of its module."""

import socket

import pytest

from tests.support.command import done
from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7


@pytest.fixture
def api(windlass_server: WindlassServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the API that commands speak to."""
    monkeypatch.setenv("WINDLASS_API_URL", windlass_server.api_url)
    return windlass_server.api_url


@pytest.fixture
def pool(api: str) -> str:
    """The name of a process pool that no other test uses."""
    name = f"pool-{uuid7()}"
    done("work-pool", "create", name, "--type", "process")
    return name


@pytest.fixture
def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
