"""Events that come twice, late and in any order, and clients whose clocks are off."""

import time
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from tests.chaos.conftest import BOTH, World
from tests.chaos.load import Load
from tests.chaos.played import carry_out
from tests.chaos.sizes import SEED
from tests.chaos.told import ToldTaskRuns

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.long,
    pytest.mark.parametrize("world", BOTH, indirect=True),
]
SKEW = timedelta(seconds=30)


@pytest.fixture
def told(world: World) -> ToldTaskRuns:
    """Task runs that are told about beside the load."""
    return ToldTaskRuns(f"{world.url}/api", world.rows, world.sizes.patience)


def test_events_are_repeated_reordered_and_delayed(
    world: World, load: Load, told: ToldTaskRuns, judged: Callable[..., None]
) -> None:
    """A report counts once, and one that comes late changes nothing that is newer."""
    number, random = world.sizes.under_load, Random(SEED)
    load.fleet.start_worker("--type", "process", "--limit", "8")
    load.deploy()
    events = shuffled(told.make(number), random)
    late, soon = events[: len(events) // 3], events[len(events) // 3 :]
    with load.asking(number):
        told.send(shuffled(soon * 2, random))
        load.until_entered(number // 2)
        told.send(shuffled(late * 2 + soon, random))
    over_at = time.monotonic()
    size = f"{number} runs, {len(events)} events, {len(late)} late, each 2 or 3 times"
    judged("events repeated, reordered, delayed", load, size=size, over_at=over_at, told=told)


@pytest.mark.parametrize("skew", [-SKEW, SKEW], ids=["slow", "fast"])
def test_clocks_of_clients_are_off(
    world: World, load: Load, told: ToldTaskRuns, skew: timedelta, judged: Callable[..., None]
) -> None:
    """Deadlines, leases and order are the server's: what a client calls now changes none."""
    number = world.sizes.pending
    load.fleet.start_worker("--type", "process").stop()
    load.deploy()
    begun_at = time.monotonic()
    carry_out(load, number, skew)
    told.tell(number, skew=skew)
    size = f"{skew.total_seconds():+g} s, {number} runs, {number * 3} events"
    judged("clock skew", load, size=size, over_at=begun_at, told=told)
    for run in load.asked:
        found = httpx.get(f"{load.api}/flow_runs/{run}").json()
        assert found["state_type"] == "COMPLETED"
        assert found["total_run_time"] >= 0


def shuffled(events: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    return random.sample(events, len(events))
