"""PostgreSQL restarts, loses its connections, or does not answer, while a load goes on."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.chaos.conftest import World
from tests.chaos.load import Load, let_pass
from tests.chaos.stores import Postgres

pytestmark = [pytest.mark.timeout(2400)]
Judged = Callable[..., None]


@pytest.fixture
def postgres(world: World) -> Postgres:
    """The PostgreSQL that the services speak to."""
    assert world.stores is not None
    return world.stores.postgres


def test_connections_are_cut_again_and_again(
    world: World, load: Load, postgres: Postgres, judged: Judged
) -> None:
    load.go_on_through(world.sizes.cuts, postgres.cut_connections)
    size = f"{len(load.asked)} runs, {world.sizes.cuts} times"
    judged("PostgreSQL: connections cut", load, size=size, over_at=time.monotonic())


@pytest.mark.long
def test_the_database_restarts(
    world: World, load: Load, postgres: Postgres, judged: Judged
) -> None:
    load.go_on_through(world.sizes.cuts, postgres.restart)
    size = f"{len(load.asked)} runs, {world.sizes.cuts} times"
    judged("PostgreSQL: restart", load, size=size, over_at=time.monotonic())


@pytest.mark.long
def test_the_database_refuses_connections(
    world: World, load: Load, postgres: Postgres, judged: Judged
) -> None:
    """Half of the runs are asked for, by clients that ask again, while it is away; of the others
    some run, and some wait."""
    number = world.sizes.under_load
    load.fleet.start_worker("--type", "process", "--limit", "8")
    load.deploy()
    load.ask(number - number // 2, seconds=0.5)
    load.until_entered(number // 8)
    with ExitStack() as asking:
        with postgres.away():
            asking.enter_context(load.asking(number // 2, seconds=0.5))
            let_pass(world.sizes.refused)
        over_at = time.monotonic()
    size = f"{world.sizes.refused:g} s, {number} runs"
    judged("PostgreSQL: connections refused", load, size=size, over_at=over_at)


@pytest.mark.long
def test_the_database_is_away_for_longer_than_a_lease(
    world: World, load: Load, postgres: Postgres, judged: Judged
) -> None:
    """Runs begin, go on and end without it; nobody is taken for dead who could not renew its
    lease."""
    seconds = world.sizes.outage + world.sizes.lease
    with load.running_meanwhile() as end_and_begin:
        with postgres.wire.black_hole():
            end_and_begin()
            let_pass(seconds)
        over_at = time.monotonic()
    size = f"{seconds:g} s, {len(load.asked)} runs"
    judged("PostgreSQL: away", load, size=size, over_at=over_at)
