"""Processes whose clocks are wrong: of services, of workers and of runs, beside right ones."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.chaos.conftest import World, load_of
from tests.chaos.load import Load, let_pass
from tests.support.clocks import with_skew
from tests.support.waiting import wait_until
from tests.support.windlass_server import SECONDS_TO_START, ServerProcess
from windlass.ids import uuid7

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.long,
    pytest.mark.parametrize("skew", [-30, 30], ids=["slow", "fast"]),
]
PARTITIONS = 16
HALF_EACH, ALL = {(PARTITIONS // 2, PARTITIONS // 2)}, {(PARTITIONS,)}
WATCHED = 20.0
"""Seconds, in which every lease of a partition is renewed several times."""
TERM = 11
"""Seconds for which such a lease is given, and a little."""
HELD = 4
"""Runs that are under way all the time; each has slots of limits of so many."""


@pytest.fixture
def others(world: World, tmp_path: Path) -> Iterator[Load]:
    """Two runs that no worker takes."""
    folder = tmp_path / "others"
    folder.mkdir()
    with load_of(world, folder) as load:
        load.fleet.start_worker("--type", "process").stop()
        load.deploy()
        load.ask(2)
        yield load


@pytest.fixture
def gate(load: Load) -> Iterator[Path]:
    """What runs that are given it wait for; there at the end, whatever happens."""
    gate = load.gate("open")
    yield gate
    gate.touch()


def test_each_process_in_turn_has_a_wrong_clock(
    world: World,
    load: Load,
    others: Load,
    gate: Path,
    skew: float,
    judged: Callable[..., None],
) -> None:
    """Whoever is late or early, nobody's time is over before it is over."""
    number, limit = world.sizes.under_load, load.make_limit(HELD)
    load.fleet.start_worker("--type", "process", "--limit", str(2 * HELD))
    load.deploy()
    load.ask(HELD, gate=str(gate), limit=limit)
    load.until_entered(HELD)
    load.until_occupied(limit, HELD)
    turns = list(world.server.processes.values())
    with load.asking(number, seconds=0.2):
        for turn, process in enumerate(turns):
            load.until_entered(HELD + turn * number // (2 * len(turns)))
            with wrong(process, skew):
                load.until_entered(HELD + (turn + 1) * number // (2 * len(turns)))
                assert until_handed_out_again(others, world) > world.sizes.lease - 1
                let_pass(world.sizes.lease)
                assert load.count("CRASHED") == 0
                assert load.occupied(limit) == {HELD}
    load.fleet.environment = with_skew(load.fleet.environment, skew)
    worker = load.fleet.start_worker("--type", "process", "--limit", "8")
    load.ask(number // 4, seconds=0.2)
    over_at = time.monotonic()
    gate.touch()
    size = f"{skew:+g} s, {len(load.asked)} runs"
    judged("clock skew of a process", load, size=size, over_at=over_at)
    assert worker.said("Started the run"), "the worker whose clock is wrong had nothing to do"


def test_partitions_are_shared_out_fairly_among_replicas_with_different_clocks(
    world: World, skew: float
) -> None:
    """Each counts the other as alive, and neither takes what the other holds."""
    right = world.server.processes["triggers"]
    other = ServerProcess(
        "triggers-2", ["triggers"], dict(right.environment), right.log.with_name("triggers-2.log")
    )
    with wrong(other, skew):
        wait_until(lambda: shares(world) == HALF_EACH, timeout=30, description="fair shares")
        before = owners(world)
        let_pass(WATCHED)
        assert owners(world) == before
        assert 0 < longest_lease(world) <= TERM, "a fail-over would wait for longer"
        other.kill()
        wait_until(lambda: shares(world) == ALL, timeout=60, description="the fail-over")


def until_handed_out_again(load: Load, world: World) -> float:
    """Claim a run through each replica of the API, start neither, and wait for the first of them to
    be there again: how many seconds that takes."""
    begun_at = time.monotonic()
    for api in world.server.api_urls:
        asked = {"worker_name": "gone", "request_id": str(uuid7()), "limit": 1, "wait_seconds": 20}
        pool = f"{api}/work_pools/{load.fleet.pool}"
        answer = httpx.post(f"{pool}/claim", json=asked, timeout=30).raise_for_status()
        assert len(answer.json()["runs"]) == 1
    load.until(1, "SCHEDULED")
    seconds = time.monotonic() - begun_at
    load.until(2, "SCHEDULED")
    return seconds


@contextmanager
def wrong(process: ServerProcess, skew: float) -> Generator[None]:
    """Run a process of the control plane with a wrong clock, and then as before."""
    right = process.environment
    is_known = process.running is not None
    if is_known:
        process.stop()
    process.environment = with_skew(right, skew)
    try:
        start(process)
        told = httpx.get(f"{process.url}/health/live").headers["date"]
        off = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
        assert abs(off - skew) < abs(skew) / 2, f"the clock of {process.name} is off by {off}"
        yield
    finally:
        if process.running is not None:
            process.stop()
        process.environment = right
        if is_known:
            start(process)


def start(process: ServerProcess) -> None:
    process.start()
    wait_until(process.is_ready, timeout=SECONDS_TO_START, description=process.name)


def owners(world: World) -> list[tuple[str, int, str, int]]:
    """Who holds each partition of each group, and how often that changed."""
    return world.rows.of(
        "SELECT consumer_group, partition, owner, generation FROM partition_lease"
        " WHERE expires_at > now() - interval '1 minute' ORDER BY 1, 2"
    )


def longest_lease(world: World) -> float:
    """In how many seconds the last lease of a partition ends, as the database sees it."""
    until = "max(extract(epoch FROM expires_at - clock_timestamp()))"
    return world.rows.of(f"SELECT {until} FROM partition_lease")[0][0]


def shares(world: World) -> set[tuple[int, ...]]:
    """How many partitions each member holds, as the groups have it."""
    held = Counter((group, owner) for group, _, owner, _ in owners(world))
    groups = {group for group, _ in held}
    return {
        tuple(sorted(count for (of, _), count in held.items() if of == group)) for group in groups
    }
