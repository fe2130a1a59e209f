"""`kill -9` of any process of the control plane while runs are made and carried out."""

import time
from collections.abc import Callable

import pytest

from tests.chaos.conftest import BOTH, World
from tests.chaos.load import Load, let_pass
from tests.support.waiting import wait_until
from tests.support.windlass_server import SECONDS_TO_START

pytestmark = [
    pytest.mark.timeout(2400),
    pytest.mark.parametrize("world", BOTH, indirect=True),
]


def test_every_service_is_killed_in_turn_during_a_load(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    number = world.sizes.under_load
    names = list(world.server.processes)
    load.fleet.start_worker("--type", "process", "--limit", "8")
    load.deploy()
    with load.asking(number, seconds=0.2):
        for turn in range(max(world.sizes.cuts, len(names))):
            load.until_entered(turn * number // (2 * max(world.sizes.cuts, len(names))))
            process = world.server.processes[names[turn % len(names)]]
            process.kill()
            process.start()
            wait_until(process.is_ready, timeout=SECONDS_TO_START, description=process.name)
    judged("kill -9 of each service in turn", load, size=f"{number} runs", over_at=time.monotonic())


def test_the_api_is_away_for_longer_than_a_lease(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    """Runs begin, go on and end without it; nobody is taken for dead who could not renew its
    lease."""
    serving = [name for name in world.server.processes if name.startswith(("api", "server"))]
    seconds = world.sizes.outage + world.sizes.lease
    with load.running_meanwhile() as end_and_begin:
        for name in serving:
            world.server.processes[name].kill()
        end_and_begin()
        let_pass(seconds)
        world.server.start(*serving)
        over_at = time.monotonic()
    size = f"{seconds:g} s, {len(load.asked)} runs"
    judged("API: away", load, size=size, over_at=over_at)
