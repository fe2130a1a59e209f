"""J11: queues of a pool have priorities and limits, and both can be paused.

A new queue goes before those of its priority and below, as in the stock server: the documented
`critical` with priority 1 moves `default` to 2, before `high` with 5. So the last of the three
queues of the journey is `low`, with 10, as in the text of the documentation.

The documentation says that a worker makes the queue it names. Workers of ours do
(tests/acceptance/workers/test_starting.py); a stock one makes none on the stock server, nor here.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import BY_BACKEND

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.parametrize("windlass_server", BY_BACKEND, indirect=True),
]

SCRIPT: Final = "journeys/j11_queues.py"
POOL_LIMIT: Final = 4
LIMITS: Final = {"critical": 1, "high": 3, "low": POOL_LIMIT}
RUNS: Final = {"low": 3, "high": 4, "critical": 2}
"""How many are submitted at first, the least urgent ones before the others."""


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
        "WINDLASS_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "0.5",
        "WINDLASS_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "0.5",
    }


@pytest.fixture(scope="module")
def pool(stock: Stock) -> str:
    """A pool that is paused, with queues in which runs wait."""
    stock.commands(
        ["work-pool", "create", "pool", "--type", "process"],
        ["work-queue", "create", "critical", "-p", "pool", "-q", "1", "-l", "1"],
        ["work-queue", "create", "high", "-p", "pool", "-q", "5", "-l", "3"],
        ["work-queue", "create", "low", "-p", "pool", "-q", "10"],
        ["work-pool", "set-concurrency-limit", "pool", str(POOL_LIMIT)],
        ["work-pool", "pause", "pool"],
    )
    stock.script(SCRIPT, "deploy", *(f"{queue}={number}" for queue, number in RUNS.items()))
    return "pool"


@pytest.fixture(scope="module")
def worker(stock: Stock, pool: str) -> Iterator[Path]:
    """The log of a worker that polls all queues of the pool."""
    with stock.running("worker", "prefect", "worker", "start", "--pool", pool) as log:
        yield log


def test_j11_queues_are_ordered_by_priority_and_bounded(stock: Stock, pool: str) -> None:
    found = stock.server.post(f"work_pools/{pool}/queues/filter")
    terms = {queue["name"]: (queue["priority"], queue["concurrency_limit"]) for queue in found}
    assert terms == {"critical": (1, 1), "default": (2, None), "high": (5, 3), "low": (10, None)}
    assert stock.server.get(f"work_pools/{pool}")["concurrency_limit"] == POOL_LIMIT


def test_j11_a_paused_pool_starts_nothing_and_is_drained_by_priority(
    stock: Stock, pool: str, worker: Path
) -> None:
    assert stock.server.get(f"work_pools/{pool}")["status"] == "PAUSED"

    def late() -> bool:
        return {run["state_name"] for run in _submitted(stock)} == {"Late"}

    wait_until(late, timeout=PATIENCE, description="every run to be late")
    stock.script(SCRIPT, "schedule")
    ahead = wait_until(
        lambda: stock.flow_runs_of("work/hourly"), timeout=PATIENCE, description="scheduled runs"
    )
    wait_until(
        lambda: stock.server.get(f"work_pools/{pool}/queues/default")["last_polled"],
        timeout=PATIENCE,
        description="the worker to poll the paused pool",
    )
    assert {run["state_name"] for run in ahead} == {"Scheduled"}
    assert all(run["state_name"] == "Late" for run in _submitted(stock))
    stock.prefect("work-pool", "resume", pool)

    first = _wait_for_running(stock, critical=1, high=3)
    _let_end(stock, first)
    second = _wait_for_running(stock, critical=1, high=1, low=2)
    stock.script(SCRIPT, "submit", "critical=1")
    _let_end(stock, [run for run in second if run["work_queue_name"] == "critical"])
    # Submitted last, and started before the last of those that waited from the beginning.
    _let_end(stock, _wait_for_running(stock, critical=1, high=1, low=2))
    _let_end(stock, _wait_for_running(stock, low=1))
    _wait_for_running(stock)
    _check_limits([_Occupied(stock, run) for run in _submitted(stock)])
    preview = stock.prefect("work-pool", "preview", pool, "--hours", "12")
    assert all(run["id"] in preview for run in ahead)


def test_j11_a_paused_queue_shows_it_and_is_ready_again_once_polled(stock: Stock) -> None:
    statuses = json.loads(stock.script(SCRIPT, "pause-and-poll").splitlines()[-1])
    assert statuses == {
        "made": "NOT_READY",
        "paused": "PAUSED",
        "resumed": "NOT_READY",
        "polled": "READY",
    }


def _wait_for_running(stock: Stock, **expected: int) -> list[dict[str, Any]]:
    """The runs at work, once these are: by queue, how many; and nobody is on the way."""

    def at_work() -> list[dict[str, Any]] | None:
        runs = _submitted(stock)
        running = [run for run in runs if run["state_type"] == "RUNNING"]
        waiting = [run for run in runs if run["state_type"] == "SCHEDULED"]
        ended = [run for run in runs if run["state_type"] == "COMPLETED"]
        return running if len(running) + len(waiting) + len(ended) == len(runs) else None

    def is_as_expected() -> tuple[list[dict[str, Any]]] | None:
        running = at_work()
        if running is None or len(running) != sum(expected.values()):
            return None
        # Those who were told to end may not have ended yet.
        if any((stock.folder / "journeys" / f"go-{run['id']}").exists() for run in running):
            return None
        return (running,)

    (running,) = wait_until(is_as_expected, timeout=PATIENCE, description=f"{expected} to run") or (
        [],
    )
    assert Counter(run["work_queue_name"] for run in running) == expected
    return running


def _let_end(stock: Stock, runs: list[dict[str, Any]]) -> None:
    for run in runs:
        _end_of(stock, run).touch()


def _end_of(stock: Stock, run: dict[str, Any]) -> Path:
    """The file that tells a run to end."""
    return stock.folder / "journeys" / f"go-{run['id']}"


class _Occupied:
    """From when to when a run took a slot of its queue."""

    def __init__(self, stock: Stock, run: dict[str, Any]) -> None:
        states = stock.server.get(f"flow_run_states/?flow_run_id={run['id']}")
        at = {state["type"]: datetime.fromisoformat(state["timestamp"]) for state in states}
        self.queue: str = run["work_queue_name"]
        self.start, self.end = at["PENDING"], at["COMPLETED"]


def _check_limits(runs: list[_Occupied]) -> None:
    """No limit was passed at any time."""
    for run in runs:
        taken = Counter(other.queue for other in runs if other.start <= run.start < other.end)
        assert taken.total() <= POOL_LIMIT
        assert taken[run.queue] <= LIMITS[run.queue]


def _submitted(stock: Stock) -> list[dict[str, Any]]:
    names = {"deployments": {"name": {"any_": list(RUNS)}}}
    return stock.server.post("flow_runs/filter", names)
