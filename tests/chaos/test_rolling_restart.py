"""Everything is restarted in turn under load, in version N and in version N-1 beside it."""

import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.chaos.conftest import World
from tests.chaos.load import Load
from tests.support.waiting import wait_until
from tests.support.windlass_server import SECONDS_TO_START, ServerProcess
from tests.upgrade.test_from_the_last_release import WHEEL

pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]
CODE = "PYTHONPATH"
WORKER = ("--type", "process", "--limit", "8")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release, to be put first on PYTHONPATH."""
    folder = tmp_path_factory.mktemp("released")
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder


def test_everything_is_restarted_in_turn(
    world: World, load: Load, judged: Callable[..., None]
) -> None:
    """SIGTERM: whoever waits is answered, runs under way end or are handed back."""
    roll(world, load, [None])
    judged("rolling restart", load, size=f"{len(load.asked)} runs", over_at=time.monotonic())


def test_an_upgrade_and_its_reversal_under_load(
    world: World, load: Load, released: Path, judged: Callable[..., None]
) -> None:
    """Back to the last release, on the schema of this tree, and forward again."""
    roll(world, load, [released, None])
    size = f"{len(load.asked)} runs"
    judged("rolling restart to N-1 and back to N", load, size=size, over_at=time.monotonic())


def roll(world: World, load: Load, versions: list[Path | None]) -> None:
    """Restart each service, and then the worker, in each of these versions: None is this tree."""
    number = world.sizes.under_load
    worker = load.fleet.start_worker(*WORKER)
    load.deploy()
    steps = iter_steps(number, len(versions) * (len(world.server.processes) + 1))
    with load.asking(number, seconds=0.2):
        for version in versions:
            for process in world.server.processes.values():
                load.until_entered(next(steps))
                restart(process, version)
            load.until_entered(next(steps))
            load.fleet.environment = with_code(load.fleet.environment, version)
            newer = load.fleet.start_worker(*WORKER)
            worker.running.send_signal(signal.SIGTERM)
            worker = newer


def restart(process: ServerProcess, version: Path | None) -> None:
    """Stop a service in order, and start it in a version."""
    code = process.stop()
    assert code == 0, f"{process.name} exited with {code}:\n{process.tail()}"
    process.environment = with_code(process.environment, version)
    process.start()
    wait_until(process.is_ready, timeout=SECONDS_TO_START, description=process.name)
    if version is not None and "api" in process.services:
        told = httpx.get(f"{process.url}/api/openapi.json", timeout=30).raise_for_status().json()
        assert f"-{told['info']['version']}-" in WHEEL.name


def with_code(environment: Mapping[str, str], version: Path | None) -> dict[str, str]:
    """The environment in which Python finds this version first."""
    others = {name: value for name, value in environment.items() if name != CODE}
    usual = os.environ.get(CODE)
    found = str(version) if version else usual
    return others | ({CODE: found} if found else {})


def iter_steps(number: int, steps: int) -> Iterator[int]:
    """How many entries there have to be before each step: the last one when half are through."""
    return (step * number // (2 * steps) for step in range(steps))
