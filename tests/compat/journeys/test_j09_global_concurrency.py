"""J9: limits that hold across workers, machines and processes that die.

A lease of a slot lasts for 60 s at least. All that waits for one starts at once, and the rest of
the journey goes on meanwhile.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.balancer import balancing
from tests.support.forking import Process
from tests.support.waiting import wait_until
from tests.support.windlass_server import BY_BACKEND, Backend

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.parametrize("windlass_server", BY_BACKEND, indirect=True),
]

LIMITS = "journeys/j09_limits.py"
IMAGES = "journeys/j09_image.py"
MACHINES = ("gpu-1", "gpu-2")
DEPLOYMENT = "process-image/process-image"
RUNS = {Backend.EMBEDDED: 10, Backend.SERVICES: 5}
"""For each machine. A process for each of them costs more than all the rest of the journey."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What goes on while the tests look: holders of slots, two workers, and many runs."""

    user: Stock
    killed_at: float
    waiting: Path
    """What somebody says who wants the slot of one who was killed."""
    cut_off: dict[str, tuple[Process, Path]]
    """Holders whose API is gone, by whether they are strict."""


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """A user with limits, and with a pool that his flow is deployed to."""
    stock.commands(
        *[["gcl", "create", f"gpu:{machine}", "--limit", "2"] for machine in MACHINES],
        ["gcl", "create", "api", "--limit", "1", "--slot-decay-per-second", "1.0"],
        *[["gcl", "create", name, "--limit", "1"] for name in ("off", "steady", "held", "lost")],
        ["gcl", "create", "gone", "--limit", "1"],
        ["gcl", "update", "off", "--disable"],
        ["concurrency-limit", "create", "database", "1"],
        ["concurrency-limit", "create", "never", "0"],
        ["work-pool", "create", "ml-pool", "--type", "process"],
    )
    stock.script(IMAGES, "deploy")
    return stock


@pytest.fixture(scope="module")
def scene(user: Stock) -> Iterator[Scene]:
    """Everything, begun."""
    hold = ["python", LIMITS, "hold"]
    with ExitStack() as stack:
        holder, log = stack.enter_context(user.started("holder", *hold, "held"))
        killed_at = _holds(log)
        waiting = stack.enter_context(user.running("waiting", *hold, "held"))
        cut_off = _cut_off(user, stack)
        holder.kill()
        for machine in MACHINES:
            start = ["worker", "start", "-p", "ml-pool", "-q", machine, "--limit", "10"]
            on_machine = user.with_settings(WORKER_ID=machine)
            stack.enter_context(on_machine.running(machine, "prefect", *start))
            user.script(IMAGES, "submit", machine, str(RUNS[user.server.backend]))
        yield Scene(user, killed_at, waiting, cut_off)


@pytest.fixture(scope="module")
def told(scene: Scene) -> dict[str, Any]:
    """What the script saw that held slots of all kinds of limits."""
    return json.loads(scene.user.script(LIMITS, "limits").splitlines()[-1])


def test_j09_no_machine_infers_more_than_two_images_at_a_time(scene: Scene) -> None:
    runs = wait_until(lambda: _ended(scene.user), timeout=2 * PATIENCE, description="all runs")
    assert {run["state_name"] for run in runs} == {"Completed"}
    for machine in MACHINES:
        seen = _seen(scene.user, machine)
        spans = sorted(zip(seen["start"], seen["end"], strict=True))
        for start, _ in spans:
            assert sum(begin <= start < end for begin, end in spans) <= 2
        # None of them began to infer before three were at work: more than may.
        assert len(spans) == RUNS[scene.user.server.backend]
    for machine in MACHINES:
        limit = scene.user.server.get(f"v2/concurrency_limits/gpu:{machine}")
        assert limit["active_slots"] == 0


@pytest.mark.waits
def test_j09_the_slot_of_a_killed_holder_is_free_when_its_lease_ends(scene: Scene) -> None:
    wait_until(lambda: "holds" in scene.waiting.read_text(), timeout=PATIENCE, description="it")
    assert _holds(scene.waiting) >= scene.killed_at + 60
    assert scene.user.server.get("v2/concurrency_limits/held")["active_slots"] == 1


@pytest.mark.waits
def test_j09_a_strict_holder_stops_when_the_api_is_gone(scene: Scene) -> None:
    strict, log = scene.cut_off["strict"]
    strict.wait(PATIENCE)
    assert strict.returncode
    relaxed, other_log = scene.cut_off["relaxed"]
    lost = "lease renewal failed"
    wait_until(lambda: lost in other_log.read_text(), timeout=PATIENCE, description="a warning")
    assert lost in log.read_text()
    assert relaxed.poll() is None, "it goes on"


def test_j09_a_rate_limit_lets_one_pass_every_second(told: dict[str, Any]) -> None:
    assert len(told["hits"]) == 5
    for earlier, later in pairwise(told["hits"]):
        assert later - earlier >= 0.8
    assert told["no decay"] == "ConcurrencySlotAcquisitionError"


def test_j09_limits_that_are_not_there_or_off_hold_up_nobody(told: dict[str, Any]) -> None:
    assert (told["unknown"], told["disabled"]) == ("nothing", "nothing")
    assert told["unknown and strict"] == "ConcurrencySlotAcquisitionError"


def test_j09_tasks_of_a_tag_with_one_slot_run_one_after_the_other(
    user: Stock, told: dict[str, Any]
) -> None:
    spans = sorted(told["spans"])
    assert len(spans) == 3
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start
    assert told["never"] == "ConcurrencySlotAcquisitionError"
    assert user.server.get("v2/concurrency_limits/tag:database")["limit"] == 1


def _cut_off(user: Stock, stack: ExitStack) -> dict[str, tuple[Process, Path]]:
    """Holders of two slots, between whom and the API the network is gone."""
    ports = [process.port for process in user.server.processes.values()]
    network = stack.enter_context(balancing(ports[:1]))
    lonely = user.with_settings(
        PREFECT_API_URL=f"{network.url}/api", PREFECT_CLIENT_MAX_RETRIES="0"
    )
    hold = ["python", LIMITS, "hold"]
    holders = {
        "strict": stack.enter_context(lonely.started("strict", *hold, "lost", "strict")),
        "relaxed": stack.enter_context(lonely.started("relaxed", *hold, "gone")),
    }
    for _, log in holders.values():
        _holds(log)
    network.refuse("/")
    return holders


def _holds(log: Path) -> float:
    """When somebody got the slot."""

    def said() -> re.Match[str] | None:
        return re.search(r"^holds ([\d.]+)$", log.read_text(), re.MULTILINE)

    found = wait_until(said, timeout=PATIENCE, description=f"{log.name} to say that it holds")
    return float(found.group(1)) if found else 0.0


def _ended(user: Stock) -> list[dict[str, Any]]:
    """The runs of the deployment, once all of them have ended."""
    runs = user.flow_runs_of(DEPLOYMENT)
    ended = sum(run["end_time"] is not None for run in runs)
    return runs if ended == len(MACHINES) * RUNS[user.server.backend] else []


def _seen(user: Stock, machine: str) -> dict[str, list[float]]:
    """When which things happened on a machine; those of one image are at the same place."""
    folder = user.folder / "seen"
    return {
        what: [float(file.read_text()) for file in sorted(folder.glob(f"{machine}-{what}-*"))]
        for what in ("download", "start", "end")
    }
