"""Two who want the same run: workers that claim it, and a cancellation when it completes."""

import time
from collections.abc import Callable

import pytest

from tests.chaos.conftest import BOTH, WAYS, World
from tests.chaos.load import Load
from tests.chaos.played import race_cancellation

pytestmark = [pytest.mark.timeout(1200)]


@pytest.mark.parametrize("world", WAYS, indirect=True)
def test_two_workers_race_for_every_run(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    number = world.sizes.races
    for _ in range(2):
        load.fleet.start_worker("--type", "process", "--limit", "8")
    load.deploy()
    begun_at = time.monotonic()
    load.ask(number)
    judged("two workers race", load, size=f"{number} runs", over_at=begun_at)


@pytest.mark.parametrize("world", BOTH, indirect=True)
def test_cancelling_races_completing(world: World, load: Load, judged: Callable[..., None]) -> None:
    """Whoever comes first is right, and the other one hears of it: one final state, no slot."""
    number = world.sizes.races
    load.fleet.start_worker("--type", "process").stop()
    load.deploy()
    begun_at = time.monotonic()
    race_cancellation(load, number)
    size = f"{number} races"
    judged(
        "cancel races completion",
        load,
        size=size,
        over_at=begun_at,
        either=("COMPLETED", "CANCELLED"),
    )
