"""`kill -9` of a worker, alone or with its machine, while runs are PENDING and RUNNING."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.chaos.conftest import WAYS, World, load_of
from tests.chaos.load import Load, kill_machine
from tests.chaos.replies import losing_replies
from tests.chaos.sizes import SEED
from tests.support.waiting import wait_until
from windlass.ids import uuid7

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.parametrize("world", WAYS, indirect=True),
]


def test_a_machine_dies_with_runs_pending_and_running(
    world: World, tmp_path: Path, judged: Callable[..., None]
) -> None:
    """What was PENDING, with a process or without one, is carried out by another worker; what was
    RUNNING crashes, and its user code is not entered again."""
    number = world.sizes.pending
    with losing_replies(world.port, SEED) as proxy, load_of(world, tmp_path, proxy.url) as load:
        worker = load.fleet.start_worker("--type", "process")
        load.deploy()
        load.ask(number, gate=str(load.gate("never")))
        load.until_entered(number)
        proxy.hold("/set_state")
        load.ask(number // 2)
        load.until(number // 2, "PENDING")
        claim_and_vanish(load, number // 2)
        load.until(number // 2 * 2, "PENDING")
        kill_machine(worker)
        killed_at = time.monotonic()
        start_elsewhere(load)
        size = f"{number} pending, {number} running"
        judged("kill -9 of a machine", load, size=size, over_at=killed_at, crashed=number)


@pytest.mark.long
def test_a_machine_dies_with_runs_that_hold_slots_of_limits(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    """Others that want the same slots, of a limit and of a tag, get them, and give them back."""
    number = world.sizes.pending
    worker = load.fleet.start_worker("--type", "process")
    load.deploy()
    limit = load.make_limit(number)
    load.ask(number, gate=str(load.gate("never")), limit=limit)
    load.until_occupied(limit, number)
    kill_machine(worker)
    killed_at = time.monotonic()
    start_elsewhere(load)
    load.ask(number, limit=limit)
    size = f"{number} running, {number} waiting"
    judged(
        "kill -9 of a machine, slots of limits", load, size=size, over_at=killed_at, crashed=number
    )
    load.until_occupied(limit, 0)


@pytest.mark.long
def test_a_machine_dies_whose_runs_may_be_begun_anew(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    """Where a policy says so, the same run goes on as its next attempt, in a new execution."""
    number = world.sizes.pending
    worker = load.fleet.start_worker("--type", "process")
    load.deploy(infrastructure_retry={"max_retries": 3, "delay_seconds": 0.1})
    load.ask(number, gate=str(load.gate("open")))
    load.until_entered(number)
    kill_machine(worker)
    killed_at = time.monotonic()
    load.gate("open").touch()
    start_elsewhere(load)
    size = f"{number} running"
    judged("kill -9 of a machine, infrastructure retries", load, size=size, over_at=killed_at)


@pytest.mark.long
def test_a_machine_dies_with_runs_pending_and_comes_back(
    world: World, tmp_path: Path, judged: Callable[..., None]
) -> None:
    number = world.sizes.pending
    with losing_replies(world.port, SEED) as proxy, load_of(world, tmp_path, proxy.url) as load:
        proxy.hold("/set_state")
        worker = load.fleet.start_worker("--type", "process")
        load.deploy()
        load.ask(number)
        until_recorded(load, number)
        kill_machine(worker)
        killed_at = time.monotonic()
        load.fleet.environment["WINDLASS_API_URL"] = load.api
        load.fleet.start_worker("--type", "process")
        size = f"{number} pending"
        judged("kill -9 of a machine that comes back", load, size=size, over_at=killed_at)


@pytest.mark.long
def test_a_worker_dies_and_its_runs_go_on(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    """Runs are processes of their own: another worker takes over what the dead one looked after."""
    number = world.sizes.pending
    worker = load.fleet.start_worker("--type", "process")
    load.deploy()
    load.ask(number, gate=str(load.gate("open")))
    load.until_entered(number)
    worker.kill()
    killed_at = time.monotonic()
    load.ask(number)
    load.fleet.start_worker("--type", "process")
    load.gate("open").touch()
    size = f"{number} running, {number} waiting"
    judged("kill -9 of a worker, not its runs", load, size=size, over_at=killed_at)


def start_elsewhere(load: Load) -> None:
    """Start a worker that knows nothing of what another one had on its disk."""
    home = str(load.fleet.folder / "another-machine")
    load.fleet.environment |= {"WINDLASS_API_URL": load.api, "WINDLASS_HOME": home}
    load.fleet.start_worker("--type", "process")


def until_recorded(load: Load, number: int) -> None:
    """Wait until the worker has so many runs on its disk."""
    folder = load.fleet.folder / "home" / "workers"
    wait_until(lambda: len(list(folder.rglob("*.json"))) >= number, description=f"{number} records")


def claim_and_vanish(load: Load, number: int) -> None:
    """Take runs as workers do that die before they start any of them: one hears of its runs no
    more, since it stands still, and one dies with the answer."""
    load.fleet.workers[0].running.send_signal(signal.SIGSTOP)
    load.ask(number)
    asked = {"worker_name": "gone", "request_id": str(uuid7()), "limit": number}
    httpx.post(f"{load.api}/work_pools/{load.fleet.pool}/claim", json=asked).raise_for_status()
