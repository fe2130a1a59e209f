"""Stock flows pause, are suspended and resumed, and talk to each other, on a Windlass server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(400)

POOL = "interactive"


@pytest.fixture(scope="module")
def worker(stock: Stock) -> Iterator[Path]:
    """The log of a stock worker that polls the pool."""
    stock.prefect("work-pool", "create", POOL, "--type", "process")
    with stock.running("worker", "prefect", "worker", "start", "--pool", POOL) as log:
        yield log


def test_a_stock_flow_pauses_for_typed_input_and_is_resumed(stock: Stock) -> None:
    with stock.running("asking", "python", "interactive.py", "asking") as log:
        run = _run_of(stock, "asking")
        asked = stock.wait_for_state(run["id"], "Paused")["state"]["state_details"]
        keyset = asked["run_input_keyset"]
        # The last of what the client writes when the run is paused already.
        description = wait_until(
            lambda: _input(stock, run["id"], keyset["description"]), description="what is asked for"
        )
        assert description == "**Which?**"
        schema = _input(stock, run["id"], keyset["schema"])
        assert schema["properties"]["colour"]["default"] == "green"
        assert _resume(stock, run["id"], {"size": "many"})["status"] == "REJECT"
        assert _resume(stock, run["id"], {"size": 2})["status"] == "ACCEPT"
        _wait_for_key(stock, run["id"], asked["pause_key"])
        wait_until(
            lambda: _resume(stock, run["id"], {"value": 7})["status"] == "ACCEPT",
            timeout=PATIENCE,
            description="the second pause to be resumed",
        )
        done = stock.wait_for_state(run["id"], "Completed", "Failed", "Crashed")
        assert done["state_name"] == "Completed", log.read_text()
        wait_until(lambda: "2 green 7" in log.read_text(), description="what the flow returned")


def test_a_stock_deployment_is_suspended_and_continued_by_a_worker(
    stock: Stock, worker: Path
) -> None:
    command = ["deploy", "interactive.py:leaving", "--name", "by-hand", "--pool", POOL]
    stock.prefect("--no-prompt", *command)
    stock.prefect("deployment", "run", "leaving/by-hand")
    run = _run_of(stock, "leaving")
    stock.wait_for_state(run["id"], "Suspended")
    # A stock worker runs the next process in the folder of this one, and removes it after this one.
    wait_until(
        lambda: "exited cleanly" in worker.read_text(),
        timeout=PATIENCE,
        description="the first process to be over",
    )
    assert _resume(stock, run["id"], {"value": "Ada"})["status"] == "ACCEPT"
    done = stock.wait_for_state(run["id"], "Completed", "Failed", "Crashed")
    assert done["state_name"] == "Completed", worker.read_text()
    stock.wait_for_log(run["id"], "hello Ada")
    states = stock.server.get(f"flow_run_states/?flow_run_id={run['id']}")
    names = [state["name"] for state in states]
    assert names[:3] == ["Scheduled", "Pending", "Running"]
    assert names[names.index("Suspended") :][:2] == ["Suspended", "Resuming"]


def test_stock_flows_send_and_receive_typed_values(stock: Stock) -> None:
    said = stock.script("interactive.py", "talking").splitlines()[-1]
    returned, run_id = json.loads(said)
    assert returned == [[1, 2], 3, ["a", "thanks"]]

    def graph() -> list[int]:
        return json.loads(stock.script("interactive.py", "observe", run_id).splitlines()[-1])

    wait_until(lambda: graph() == [2, 1, 2], timeout=PATIENCE, description="the graph of the run")
    counts = stock.server.post("ui/flow_runs/count-task-runs", {"flow_run_ids": [run_id]})
    assert counts == {run_id: 2}


def _run_of(stock: Stock, flow: str) -> dict[str, Any]:
    wanted = {"flows": {"name": {"any_": [flow]}}, "limit": 1}
    found = wait_until(
        lambda: stock.server.post("flow_runs/filter", wanted),
        timeout=PATIENCE,
        description=f"a run of {flow}",
    )
    return found[0]


def _resume(stock: Stock, run_id: str, run_input: dict[str, Any]) -> dict[str, Any]:
    return stock.server.post(f"flow_runs/{run_id}/resume", {"run_input": run_input})


def _input(stock: Stock, run_id: str, key: str) -> Any:
    found = stock.server.post(f"flow_runs/{run_id}/input/filter", {"prefix": key})
    return json.loads(found[0]["value"]) if found else None


def _wait_for_key(stock: Stock, run_id: str, before: str) -> None:
    """Return when the run is paused for the next time."""

    def is_paused_anew() -> bool:
        state = stock.flow_run(run_id)["state"]
        return state["name"] == "Paused" and state["state_details"]["pause_key"] != before

    wait_until(is_paused_anew, timeout=PATIENCE, description="the next pause")
