"""J16: a flow waits for a person, who answers what its form asks.

That actions of automations suspend and resume runs waits for the evaluator of triggers.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until
from tests.support.windlass_server import AUTH_STRING

pytestmark = pytest.mark.timeout(300)

SCRIPT: Final = "journeys/j16_approval.py"


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        AUTH_STRING: "admin:secret",
        "WINDLASS_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "0.5",
    }


def test_j16_a_flow_goes_on_with_what_it_was_answered(stock: Stock) -> None:
    with _at_work(stock, "get_approval") as (log, run):
        state = stock.wait_for_state(run["id"], "Paused")["state"]
        keyset = state["state_details"]["run_input_keyset"]
        assert _input(stock, run["id"], keyset["description"]) == "**3 rows**"
        form = _input(stock, run["id"], keyset["schema"])["properties"]
        assert {name: (field["type"], field["default"]) for name, field in form.items()} == {
            "approve": ("boolean", False),
            "notes": ("string", ""),
        }
        refused = _resume(stock, run["id"], approve="perhaps", notes=["o", "k"])
        assert refused["status"] == "REJECT"
        assert "approve" in refused["details"]["reason"]
        assert stock.flow_run(run["id"])["state_name"] == "Paused"
        assert _resume(stock, run["id"], approve=True, notes="ok")["status"] == "ACCEPT"
        stock.wait_for_state(run["id"], "Completed")
        _wait_for_words(log, "(True, 'ok')")
    assert _state_names(stock, run["id"])[-3:] == ["Paused", "Running", "Completed"]


def test_j16_a_task_that_asks_pauses_its_flow(stock: Stock) -> None:
    with _at_work(stock, "ask_in_a_task") as (log, run):
        state = stock.wait_for_state(run["id"], "Paused")["state"]
        # It says what it asks for after it has paused, and cannot be answered before.
        assert _input(stock, run["id"], state["state_details"]["run_input_keyset"]["schema"])
        assert _resume(stock, run["id"], approve=True, notes="fine")["status"] == "ACCEPT"
        stock.wait_for_state(run["id"], "Completed")
        _wait_for_words(log, "(True, 'fine')")


def test_j16_a_flow_that_nobody_answers_fails(stock: Stock) -> None:
    with _at_work(stock, "nobody_answers") as (_, run):
        ended = stock.wait_for_state(run["id"], "Failed", "Completed", "Crashed")
    assert ended["state_name"] == "Failed"
    assert "Paused" in _state_names(stock, run["id"])


def test_j16_a_suspended_run_leaves_its_process_and_is_taken_up_by_the_worker(
    stock: Stock,
) -> None:
    stock.prefect("work-pool", "create", "office", "--type", "process")
    stock.script(SCRIPT, "deploy")
    with stock.running("worker", "prefect", "worker", "start", "--pool", "office") as log:
        found = stock.server.get("deployments/name/leave/d")
        run = stock.server.post(f"deployments/{found['id']}/create_flow_run")
        stock.wait_for_state(run["id"], "Suspended")
        _wait_for_words(log, "exited cleanly")
        assert _resume(stock, run["id"], approve=True, notes="joy")["status"] == "ACCEPT"
        ended = stock.wait_for_state(run["id"], "Completed", "Failed", "Crashed")
        assert ended["state_name"] == "Completed", log.read_text()
    stock.wait_for_log(run["id"], "went on with joy")
    names = _state_names(stock, run["id"])
    assert names[names.index("Suspended") :][:2] == ["Suspended", "Resuming"]
    assert names.count("Pending") == 2, "each process was submitted by the worker"


@contextmanager
def _at_work(stock: Stock, flow: str) -> Generator[tuple[Path, dict[str, Any]]]:
    """What a flow prints, in a process of its own, and its run."""
    with stock.running(flow, "python", SCRIPT, flow) as log:
        name = flow.replace("_", "-")
        asked = {"flows": {"name": {"any_": [name]}}}
        [run] = wait_until(
            lambda: stock.server.post("flow_runs/filter", asked),
            timeout=PATIENCE,
            description=f"a run of {name}",
        )
        yield log, run


def _input(stock: Stock, run_id: str, key: str) -> Any:
    [found] = wait_until(
        lambda: stock.server.post(f"flow_runs/{run_id}/input/filter", {"prefix": key}),
        timeout=PATIENCE,
        description=f"the input {key}",
    )
    return json.loads(found["value"])


def _resume(stock: Stock, run_id: str, **answer: Any) -> dict[str, Any]:
    return stock.server.post(f"flow_runs/{run_id}/resume", {"run_input": answer})


def _state_names(stock: Stock, run_id: str) -> list[str]:
    states = stock.server.get(f"flow_run_states/?flow_run_id={run_id}")
    return [state["name"] for state in states]


def _wait_for_words(log: Path, words: str) -> None:
    wait_until(lambda: words in log.read_text(), timeout=PATIENCE, description=f"{words!r}")
