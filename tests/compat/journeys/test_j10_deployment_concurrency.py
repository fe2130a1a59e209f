"""J10: only so many runs of a deployment are active, whoever executes them.

A grace period lasts for 60 s at least. It begins first, and the rest of the journey goes on
meanwhile.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import BY_BACKEND

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.parametrize("windlass_server", BY_BACKEND, indirect=True),
]

SCRIPT = "journeys/j10_gate.py"


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Who found no slot asks again after two seconds."""
    return {"WINDLASS_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2"}


@pytest.fixture(scope="module")
def refused(stock: Stock) -> dict[str, str]:
    """What the client refused to deploy. All deployments are there, and the pool."""
    stock.prefect("work-pool", "create", "pool", "--type", "process")
    deploy = ["deploy", f"{SCRIPT}:gate", "-n", "enqueue", "--pool", "pool"]
    limit = ["--concurrency-limit", "2", "--collision-strategy", "ENQUEUE"]
    stock.prefect("--no-prompt", *deploy, *limit)
    return json.loads(stock.script(SCRIPT, "deploy").splitlines()[-1])


@pytest.fixture(scope="module")
def user(stock: Stock, refused: dict[str, str]) -> Iterator[Stock]:
    """A user with two workers; the two runs that have a grace period are submitted."""
    assert refused
    worker = ["prefect", "worker", "start", "-p", "pool", "--limit", "10", "--name"]
    # So that who has to wait two seconds is not asked for before.
    on_time = stock.with_settings(PREFECT_WORKER_PREFETCH_SECONDS="0")
    with ExitStack() as stack:
        for name in ("ant", "bee"):
            stack.enter_context(on_time.running(name, *worker, name))
        stock.script(SCRIPT, "submit", "never-starts", "2")
        yield stock


def test_j10_runs_beyond_the_limit_wait_for_a_slot(user: Stock) -> None:
    user.script(SCRIPT, "submit", "enqueue", "4")
    _wait_for_states(user, "enqueue", {"Running": 2, "AwaitingConcurrencySlot": 2})
    _open(user, "enqueue")
    _wait_for_states(user, "enqueue", {"Completed": 4})
    spans = _spans(user, "enqueue")
    assert len(spans) == 4
    assert _most_at_a_time(spans) == 2


def test_j10_runs_beyond_the_limit_are_cancelled_where_the_strategy_says_so(user: Stock) -> None:
    user.script(SCRIPT, "submit", "cancel-new", "4")
    _wait_for_states(user, "cancel-new", {"Running": 2, "Cancelled": 2})
    _open(user, "cancel-new")
    _wait_for_states(user, "cancel-new", {"Completed": 2, "Cancelled": 2})


def test_j10_a_limit_holds_for_flows_that_are_served(user: Stock) -> None:
    _open(user, "served")
    serve = ["python", SCRIPT, "serve"]
    with user.running("one", *serve), user.running("other", *serve):
        wait_until(lambda: _is_ready(user), timeout=PATIENCE, description="somebody who serves")
        user.script(SCRIPT, "submit", "served", "3")
        _wait_for_states(user, "served", {"Completed": 3})
    spans = _spans(user, "served")
    assert len(spans) == 3
    assert _most_at_a_time(spans) == 1


@pytest.mark.waits
def test_j10_a_run_that_does_not_start_in_time_gives_its_slot_back(user: Stock) -> None:
    taken = wait_until(
        lambda: _taken(user, "never-starts", 2), timeout=PATIENCE, description="the second run"
    )
    first, second = sorted(taken)
    assert second - first >= timedelta(seconds=60)
    assert second - first < timedelta(seconds=120), "the first one does not take it again"


def test_j10_a_limit_needs_a_slot_and_a_grace_period_a_minute(
    user: Stock, refused: dict[str, str]
) -> None:
    assert refused == {"no limit": "DeploymentApplyError", "no patience": "ValidationError"}
    flow_id = user.server.get("deployments/name/gate/enqueue")["flow_id"]
    for options in (
        {"concurrency_limit": 0},
        {"concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 59}},
    ):
        made = {"name": "refused", "flow_id": flow_id, **options}
        with user.server.http() as client:
            answer = client.post("deployments/", json=made)
        assert answer.status_code == 422
        assert next(iter(options)) in answer.text


def _wait_for_states(user: Stock, deployment: str, wanted: dict[str, int]) -> None:
    def states() -> Counter[str]:
        return Counter(run["state_name"] for run in user.flow_runs_of(f"gate/{deployment}"))

    wait_until(lambda: states() == wanted, timeout=PATIENCE, description=f"{wanted}")


def _open(user: Stock, name: str) -> None:
    (user.folder / "seen" / f"{name}-open").touch()


def _spans(user: Stock, name: str) -> list[tuple[float, float]]:
    """From when to when each run was at work."""
    seen = user.folder / "seen"
    starts, ends = (
        [float(file.read_text()) for file in sorted(seen.glob(f"{name}-{what}-*"))]
        for what in ("start", "end")
    )
    return list(zip(starts, ends, strict=True))


def _most_at_a_time(spans: list[tuple[float, float]]) -> int:
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)


def _is_ready(user: Stock) -> bool:
    with user.server.http() as client:
        found = client.get("deployments/name/gate/served")
    return found.is_success and found.json()["status"] == "READY"


def _taken(user: Stock, deployment: str, number: int) -> list[datetime]:
    """When each run of the deployment was first taken by a worker, once so many were."""
    firsts: list[datetime] = []
    for run in user.flow_runs_of(f"gate/{deployment}"):
        states: list[dict[str, Any]] = user.server.get(f"flow_run_states/?flow_run_id={run['id']}")
        times = [state["timestamp"] for state in states if state["name"] == "Pending"]
        firsts += [datetime.fromisoformat(time) for time in times[:1]]
    return firsts if len(firsts) == number else []
