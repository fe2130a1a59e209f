"""Redis loses everything, restarts with nothing, or does not answer, while a load goes on."""

import time
from collections.abc import Callable

import pytest

from tests.chaos.conftest import WOKEN, World
from tests.chaos.load import Load, let_pass
from tests.chaos.stores import Broker
from tests.chaos.told import ToldTaskRuns
from tests.support.windlass_server import Backend

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.parametrize(
        "world", [Backend.SERVICES, pytest.param(WOKEN, marks=pytest.mark.long)], indirect=True
    ),
]
Judged = Callable[..., None]


@pytest.fixture
def broker(world: World) -> Broker:
    """The Redis that the services speak to."""
    assert world.stores is not None
    return world.stores.broker


@pytest.fixture
def told(world: World) -> ToldTaskRuns:
    """Task runs that are told about beside the load."""
    return ToldTaskRuns(f"{world.url}/api", world.rows, world.sizes.patience)


def test_redis_is_flushed_again_and_again(
    world: World, load: Load, told: ToldTaskRuns, broker: Broker, judged: Judged
) -> None:
    """What the API acknowledged is a row: what Redis forgot before it was consumed is read again
    from the table."""
    load.go_on_through(world.sizes.cuts, lambda: tell_and(broker.flush_all, world, told))
    over_at = time.monotonic()
    judged("Redis: FLUSHALL", load, size=sizes_of(load, told), over_at=over_at, told=told)


@pytest.mark.long
def test_redis_restarts_with_nothing(
    world: World, load: Load, told: ToldTaskRuns, broker: Broker, judged: Judged
) -> None:
    load.go_on_through(world.sizes.cuts, lambda: tell_and(broker.restart, world, told))
    over_at = time.monotonic()
    judged("Redis: restart", load, size=sizes_of(load, told), over_at=over_at, told=told)


@pytest.mark.long
def test_redis_is_a_black_hole(
    world: World, load: Load, told: ToldTaskRuns, broker: Broker, judged: Judged
) -> None:
    """Runs are still made, handed out and carried out meanwhile: only later than usual."""
    number = world.sizes.under_load
    load.fleet.start_worker("--type", "process", "--limit", "8")
    load.deploy()
    with broker.wire.black_hole(), load.asking(number // 2):
        told.tell(number)
        load.until_entered(1)
        let_pass(world.sizes.away)
    over_at = time.monotonic()
    load.ask(number - number // 2)
    size = f"{world.sizes.away:g} s, {sizes_of(load, told)}"
    judged("Redis: black hole", load, size=size, over_at=over_at, told=told)
    (worker,) = load.fleet.workers
    for words in ("waits at the API meanwhile", "The broker answers again"):
        assert worker.said(words) == bool(world.told)


def sizes_of(load: Load, told: ToldTaskRuns) -> str:
    return f"{len(load.asked)} runs, {told.number * 3} events"


def tell_and(fault: Callable[[], None], world: World, told: ToldTaskRuns) -> None:
    """Something goes wrong while what was told of is still on its way."""
    told.tell(world.sizes.under_load)
    fault()
