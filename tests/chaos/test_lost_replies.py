"""The server does what it is asked, and one in ten does not hear of it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.conftest import WAYS, World, load_of
from tests.chaos.replies import losing_replies
from tests.chaos.sizes import SEED

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.parametrize("world", WAYS, indirect=True),
]
ASKED = ("/claim", "/set_state", "/executions/")


def test_replies_to_claims_states_and_reports_get_lost(
    world: World, tmp_path: Path, judged: Callable[..., None]
) -> None:
    """Questions carry an id of their own, so that asking again does nothing twice."""
    number = world.sizes.under_load
    with losing_replies(world.port, SEED) as proxy, load_of(world, tmp_path, proxy.url) as load:
        for part in ASKED:
            proxy.lose(part, 0.1)
        load.fleet.start_worker("--type", "process", "--limit", "8")
        load.deploy()
        load.ask(number)
        asked_at = time.monotonic()
        load.until_over()
        size = f"{number} runs, {proxy.lost} replies"
        assert proxy.lost
        judged("10 % of replies lost", load, size=size, over_at=asked_at)
