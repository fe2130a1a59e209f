"""J7: cached results, on one machine and on two.

The two machines are two homes of one user that share a folder, where the docs have a bucket, and
a real Redis, which keeps the locks.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.redis import RedisDatabases
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

SCRIPT = "journeys/j07_caching.py"
EXPECTED = {
    "f": ["Completed", "Cached", "Completed"],
    "f again": ["Completed", "Cached", "Completed"],
    "without persistence": ["Completed", "Completed"],
    "expiring": ["Completed", "Cached", "Completed"],
    "without records": ["Completed", "Completed", "Cached", "Completed"],
}
"""How the task runs of each flow of the script end."""


@pytest.fixture(scope="module")
def locks(redis_databases: RedisDatabases) -> Iterator[str]:
    """The Redis that keeps the locks."""
    with redis_databases.one() as url:
        yield url


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """A user who saved where results and records are kept."""
    stock.script(SCRIPT, "blocks")
    return stock


@pytest.fixture(scope="module")
def told(user: Stock, locks: str) -> dict[str, Any]:
    """What the script printed."""
    return json.loads(user.script(SCRIPT, "one", locks).splitlines()[-1])


@pytest.mark.parametrize("flow", EXPECTED)
def test_j07_a_task_is_cached_while_its_record_is_good(
    user: Stock, told: dict[str, Any], flow: str
) -> None:
    ends = [task["state_name"] for task in _tasks(user, told["runs"][flow], len(EXPECTED[flow]))]
    assert ends == EXPECTED[flow]


def test_j07_bodies_run_only_when_nothing_is_cached(told: dict[str, Any]) -> None:
    of_f = ["add_one 1", "add_one 2"]
    assert told["ran"] == of_f + of_f + ["slow 1", "slow 1", "slow 2", "slow 2", "slow 2"]


def test_j07_a_setting_recomputes_all_that_do_not_refuse(
    user: Stock, told: dict[str, Any], locks: str
) -> None:
    assert told["runs"]
    refreshing = user.with_settings(PREFECT_TASKS_REFRESH_CACHE="true")
    runs = json.loads(refreshing.script(SCRIPT, "again", locks).splitlines()[-1])["runs"]
    ends = [task["state_name"] for task in _tasks(user, runs["again"], 2)]
    assert ends == ["Completed", "Cached"]


def test_j07_of_two_machines_one_computes_and_the_other_waits(user: Stock, locks: str) -> None:
    machines = {name: user.folder / name for name in ("left", "right")}
    left, right = (
        user.with_settings(HOME=str(home), PREFECT_HOME=str(home / "prefect-home"))
        for home in machines.values()
    )
    command = ["python", SCRIPT, "two", locks]
    with (
        left.started("left", *command, "left", "right") as (one, log),
        right.started("right", *command, "right", "left") as (other, other_log),
    ):
        codes = [one.wait(PATIENCE), other.wait(PATIENCE)]
        assert codes == [0, 0], log.read_text() + other_log.read_text()
    runs = [json.loads(log.read_text().splitlines()[-1])["runs"]["two"] for log in (log, other_log)]
    tasks = {task["state_name"]: task for id in runs for task in _tasks(user, id, 1)}
    assert tasks.keys() == {"Completed", "Cached"}
    assert len(list((user.folder / "shared").glob("ran-*"))) == 1
    times = {name: datetime.fromisoformat(task["end_time"]) for name, task in tasks.items()}
    assert times["Cached"] > times["Completed"]
    asked = datetime.fromisoformat(tasks["Cached"]["created"])
    assert asked < times["Completed"], "it asked while the other one computed"


def _tasks(user: Stock, flow_run_id: str, number: int) -> list[dict[str, Any]]:
    """The task runs of a flow run in order, once so many have ended: they arrive behind it."""
    wanted = {"flow_runs": {"id": {"any_": [flow_run_id]}}, "sort": "EXPECTED_START_TIME_ASC"}

    def ended() -> list[dict[str, Any]]:
        tasks = user.server.post("task_runs/filter", wanted)
        return tasks if sum(bool(task["end_time"]) for task in tasks) == number else []

    return wait_until(ended, timeout=PATIENCE, description=f"{number} task runs to end")
