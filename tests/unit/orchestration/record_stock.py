"""Records how a stock Prefect server answers, in `stock_matrix.json`.

Run with the URL of the API of a server of version 3.6.7 that was started with `--no-services`, on a
database of its own: `python -m tests.unit.orchestration.record_stock http://127.0.0.1:4200/api`.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.unit.orchestration.sightings import Sight, sighting
from tests.unit.orchestration.situations import (
    FLOW_RUNS,
    KNOWN_CACHE_KEY,
    RETRY_DELAY,
    TASK_RUNS,
    Situation,
    Step,
    Walk,
)
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateCreate, StateDetails, StateType
from windlass.schemas.task_runs import TaskRun

MATRIX: Final = Path(__file__).with_name("stock_matrix.json")


@dataclass(frozen=True, slots=True)
class Stock:
    """A server that answers, and what the runs of the walks belong to."""

    http: httpx.Client
    flow_id: str
    deployment_id: str

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises `HTTPStatusError`."""
        return self.http.post(path, json=body).raise_for_status().json()

    def new_flow_run(self, situation: Situation) -> str:
        body: dict[str, Any] = {"flow_id": self.flow_id, "empirical_policy": _policy(situation)}
        if situation.deployed:
            body["deployment_id"] = self.deployment_id
        return self.post("/flow_runs/", body)["id"]

    def new_task_run(self, situation: Situation) -> str:
        flow_run = {"flow_id": self.flow_id, "state": {"type": situation.flow_run}}
        body: dict[str, Any] = {
            "flow_run_id": self.post("/flow_runs/", flow_run)["id"],
            "task_key": "task",
            "dynamic_key": str(uuid4()),
            "empirical_policy": _policy(situation),
        }
        return self.post("/task_runs/", body)["id"]

    def see(self, path: str) -> Sight:
        shape = FlowRun if "flow_runs" in path else TaskRun
        run = shape.model_validate(self.http.get(path).raise_for_status().json())
        return Sight(
            run.state,
            run.run_count,
            run.start_time,
            run.end_time,
            run.next_scheduled_start_time,
            run.empirical_policy.model_dump(mode="json"),
        )

    def take(self, path: str, step: Step) -> None:
        wanted = step.state.model_dump(mode="json")
        answer = self.post(f"{path}/set_state", {"state": wanted, "force": step.force})
        if answer["status"] != "ACCEPT":
            self.post(f"{path}/set_state", {"state": wanted, "force": True})


def main(url: str) -> None:
    """Walk through everything and write the matrix."""
    with httpx.Client(base_url=url, timeout=60) as http:
        flow = http.post("/flows/", json={"name": "matrix"}).raise_for_status().json()
        deployment = {"name": "matrix", "flow_id": flow["id"], "enforce_parameter_schema": False}
        deployed = http.post("/deployments/", json=deployment).raise_for_status().json()
        stock = Stock(http, flow["id"], deployed["id"])
        _store_known_result(stock)
        matrix = {
            "flow_runs": _walk(stock, FLOW_RUNS, "flow_runs"),
            "task_runs": _walk(stock, TASK_RUNS, "task_runs"),
        }
    MATRIX.write_text(json.dumps(matrix, indent=1) + "\n")


def _walk(stock: Stock, walk: Walk, kind: str) -> dict[str, dict[str, dict[str, str]]]:
    seen: dict[str, dict[str, dict[str, str]]] = {}
    for situation_name, origin, proposal in walk.names():
        situation = walk.situations[situation_name]
        now = datetime.now(UTC)
        create = stock.new_flow_run if kind == "flow_runs" else stock.new_task_run
        path = f"/{kind}/{create(situation)}"
        for step in walk.origins[origin](now):
            stock.take(path, step)
        if situation.infrastructure_pid is not None:
            pid = {"infrastructure_pid": situation.infrastructure_pid}
            stock.http.patch(path, json=pid).raise_for_status()
        line = _propose(stock, path, walk.proposals[proposal](now), situation, now)
        seen.setdefault(situation_name, {}).setdefault(origin, {})[proposal] = line
    return seen


def _propose(
    stock: Stock, path: str, state: StateCreate, situation: Situation, now: datetime
) -> str:
    before = stock.see(path)
    body = {"state": state.model_dump(mode="json"), "force": situation.forced}
    answer = stock.post(f"{path}/set_state", body)
    delay = answer["details"].get("delay_seconds")
    return sighting(answer["status"], delay, before, stock.see(path), now)


def _store_known_result(stock: Stock) -> None:
    path = f"/task_runs/{stock.new_task_run(Situation())}"
    details = StateDetails(cache_key=KNOWN_CACHE_KEY)
    stock.take(path, Step(StateCreate(type=StateType.RUNNING)))
    stock.take(path, Step(StateCreate(type=StateType.COMPLETED, state_details=details)))


def _policy(situation: Situation) -> dict[str, Any]:
    if situation.retries is None:
        return {}
    return {"retries": situation.retries, "retry_delay": RETRY_DELAY}


if __name__ == "__main__":
    main(sys.argv[1])
