"""Workers that are given the broker of the server are woken by it, and do without it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.chaos.wire import wired
from tests.support.waiting import wait_until
from tests.support.windlass_server import BROKER_URL, Backend, WindlassServer

QUICK = """
from windlass import flow

@flow
def a_flow():
    pass
"""
SELDOM = {"WINDLASS_WORKER_QUERY_SECONDS": "60"}
"""Longer than the test waits for a run: only what wakes a worker makes it start one."""


# The broker of the other one is inside it.
pytestmark = pytest.mark.parametrize("windlass_server", [Backend.SERVICES], indirect=True)


@pytest.fixture
def broker_url(windlass_server: WindlassServer) -> str:
    return next(iter(windlass_server.processes.values())).environment[BROKER_URL]


def test_a_worker_is_woken_by_the_broker_and_goes_on_without_it(
    fleet: Fleet, broker_url: str, tmp_path: Path
) -> None:
    place = urlsplit(broker_url)
    assert place.port is not None
    fleet.environment = SELDOM
    with wired(place.port) as wire:
        url = place._replace(netloc=place.netloc.replace(str(place.port), str(wire.port)))
        worker = fleet.start_worker("--type", "process", "--broker-url", url.geturl())
        deployment = fleet.deploy(QUICK, tmp_path)
        assert fleet.until_state(fleet.run(deployment))["type"] == "COMPLETED"
    wait_until(
        lambda: worker.said("waits at the API meanwhile"),
        timeout=20,
        description="the worker to miss the broker",
    )
    assert fleet.until_state(fleet.run(deployment))["type"] == "COMPLETED"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("memory://", "A broker in memory is of one process"),
        ("redis://127.0.0.1:1/0", "127.0.0.1:1"),
    ],
)
def test_a_broker_that_is_none_ends_the_worker_at_once(fleet: Fleet, url: str, says: str) -> None:
    worker = fleet.start(("--type", "process", "--broker-url", url), fleet.pool)
    assert worker.running.wait(20) == 1
    assert worker.said("--broker-url or WINDLASS_WORKER_BROKER_URL")
    assert worker.said(says)
