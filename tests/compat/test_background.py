"""Background tasks of the stock package, through a Windlass server."""

import json
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


def workers(stock: Stock) -> list[dict[str, Any]]:
    return stock.server.post("task_workers/filter")


def wait_for_workers(stock: Stock, number: int) -> None:
    wait_until(
        lambda: len(workers(stock)) == number,
        timeout=PATIENCE,
        description=f"{number} task workers to be there",
    )


def test_delayed_runs_are_shared_by_the_task_workers(stock: Stock) -> None:
    with (
        stock.running("one", "python", "background.py", "serve"),
        stock.running("other", "python", "background.py", "serve"),
    ):
        wait_for_workers(stock, 2)
        said = json.loads(stock.script("background.py", "delay").splitlines()[-1])
    assert said["result"] == 3
    assert said["mapped"] == [5, 6, 7]
    assert said["states"] == ["Completed"] * 3
    assert len(set(said["processes"])) == 2
    states = stock.server.get(f"task_run_states/?task_run_id={said['id']}")
    assert [state["name"] for state in states] == ["Scheduled", "Pending", "Running", "Completed"]
    wait_for_workers(stock, 0)


def test_the_command_serves_what_was_delayed_before(stock: Stock) -> None:
    delaying = "from background import add; print(add.delay(20, 22).task_run_id)"
    (stock.folder / "delaying.py").write_text(delaying)
    id = stock.script("delaying.py").splitlines()[-1]
    assert stock.server.get(f"task_runs/{id}")["state_name"] == "Scheduled"

    def completed() -> bool:
        return stock.server.get(f"task_runs/{id}")["state_name"] == "Completed"

    with stock.running("command", "prefect", "task", "serve", "background.py:add"):
        wait_until(completed, timeout=PATIENCE, description="the delayed run to complete")
