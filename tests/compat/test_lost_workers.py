"""Two stock workers race for the same runs, and one dies with its machine while it has some."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.compat.stock_client import PATIENCE, Stock
from tests.support.forking import Process
from tests.support.waiting import wait_until
from tests.support.windlass_server import BY_BACKEND, WindlassServer, running_server

pytestmark = pytest.mark.timeout(400)

POOL: Final = "doomed"
RACED: Final = 2
ROUNDS: Final = 5
DEADLINES: Final = {
    "WINDLASS_SERVER_POLLED_START_DEADLINE_SECONDS": "12",
    "WINDLASS_SERVER_HEARTBEAT_LEASE_SECONDS": "12",
}
"""Short, but several stock processes have to start within them."""
OFTEN: Final = {
    "PREFECT_RUNNER_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_WORKER_QUERY_SECONDS": "0.2",
}
"""Heartbeats as often as a stock runner can, the first when it opens the process of a run."""
ENTRYPOINTS: Final = {"quick": "lost.py:lost", "slow": "slow_to_load.py:lost"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two workers of a pool, each as if on a machine of its own, and what they may be given."""

    stock: Stock
    first: Process
    second: Process
    logs: Sequence[Path]

    def ask(self, deployment: str, **parameters: str) -> str:
        """The id of a new run."""
        found = self.stock.server.get(f"deployments/name/lost/{deployment}")["id"]
        wanted = {"parameters": parameters}
        return self.stock.server.post(f"deployments/{found}/create_flow_run", wanted)["id"]

    def entries_of(self, *runs: str) -> list[tuple[str, str]]:
        """The execution and the machine of every entry of the code of these runs."""
        ledger = self.stock.folder / "ledger"
        lines = ledger.read_text().splitlines() if ledger.exists() else []
        entries = [line.split() for line in lines]
        return [(execution, machine) for run, execution, machine in entries if run in runs]

    def has_met(self) -> bool:
        """Whether one of the workers was too late for a run that both were told of."""
        return any("Aborted submission" in log.read_text() for log in self.logs)


@dataclass(frozen=True, slots=True)
class Loss:
    """The runs that a machine had when it died, by what they had come to."""

    pending: str
    running: str
    served: str


@pytest.fixture(scope="module", params=BY_BACKEND)
def windlass_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WindlassServer]:
    """A server with short deadlines that asks nobody for credentials."""
    with running_server(request, tmp_path_factory.mktemp("server"), DEADLINES) as server:
        yield server


@pytest.fixture(scope="module")
def fleet(stock: Stock) -> Iterator[Fleet]:
    """Both workers, once they poll."""
    server = stock.server
    server.post("work_pools/", {"name": POOL, "type": "process"})
    flow = server.post("flows/", {"name": "lost"})["id"]
    common = {"flow_id": flow, "work_pool_name": POOL, "path": str(stock.folder)}
    for name, entrypoint in ENTRYPOINTS.items():
        server.post("deployments/", {**common, "name": name, "entrypoint": entrypoint})
    command = ["prefect", "worker", "start", "--pool", POOL, "--name"]
    with ExitStack() as running:
        (first, log), (second, other_log) = (
            running.enter_context(_on_machine(stock, name, **OFTEN).started(name, *command, name))
            for name in ("first", "second")
        )
        workers = f"work_pools/{POOL}/workers/filter"
        wait_until(
            lambda: len(server.post(workers)) == 2, timeout=PATIENCE, description="both workers"
        )
        yield Fleet(stock, first, second, (log, other_log))


@pytest.fixture(scope="module")
def raced(fleet: Fleet) -> list[str]:
    """Runs that both workers found at once, and that are over."""
    runs: list[str] = []
    for _ in range(ROUNDS):
        # They go on at one moment, both late with their next question.
        for worker in (fleet.first, fleet.second):
            worker.send_signal(signal.SIGSTOP)
        runs += [fleet.ask("quick") for _ in range(RACED)]
        for worker in (fleet.first, fleet.second):
            worker.send_signal(signal.SIGCONT)
        for run in runs:
            fleet.stock.wait_for_state(run, "Completed")
        if fleet.has_met():
            return runs
    pytest.fail("The two workers were never told of the same run.")


@pytest.fixture(scope="module")
def loss(fleet: Fleet, raced: list[str]) -> Iterator[Loss]:
    """The first machine is gone, and the second one is there again."""
    stock, folder = fleet.stock, fleet.stock.folder
    machine = _on_machine(stock, "first")
    fleet.second.send_signal(signal.SIGSTOP)
    with machine.started("serve", "python", "lost.py") as (serving, _):
        lost = Loss(fleet.ask("slow"), fleet.ask("quick", gate="never"), _serve(fleet))
        for run in (lost.running, lost.served):
            wait_until(
                lambda run=run: fleet.entries_of(run), timeout=PATIENCE, description="an entry"
            )
        wait_until((folder / "loading").exists, timeout=PATIENCE, description="slow to load")
        heartbeat = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
        heartbeat |= {"resource": {"id": [f"prefect.flow-run.{lost.running}"]}}
        wait_until(
            lambda: stock.server.post("events/filter", {"filter": heartbeat})["events"],
            timeout=PATIENCE,
            description="a heartbeat",
        )
        assert stock.flow_run(lost.pending)["state_name"] == "Pending"
        _kill_machine(fleet.first, serving)
        fleet.second.send_signal(signal.SIGCONT)
        yield lost


def test_of_two_workers_one_gets_each_run(fleet: Fleet, raced: list[str]) -> None:
    entered = [execution for execution, _ in fleet.entries_of(*raced)]
    assert Counter(entered) == Counter(f"{run}.1" for run in raced)


def test_a_run_that_was_pending_is_carried_out_elsewhere(fleet: Fleet, loss: Loss) -> None:
    fleet.stock.wait_for_state(loss.pending, "Completed")
    assert fleet.entries_of(loss.pending) == [(f"{loss.pending}.2", "second")]


def test_a_run_whose_heartbeats_ended_crashes_and_is_not_entered_again(
    fleet: Fleet, loss: Loss
) -> None:
    run = fleet.stock.wait_for_state(loss.running, "Crashed")
    assert "lease" in run["state"]["message"]
    assert fleet.entries_of(loss.running) == [(f"{loss.running}.1", "first")]


def test_a_run_that_was_served_is_only_observed(fleet: Fleet, loss: Loss) -> None:
    """The documented exception: who serves is told of no execution, and nothing ends its runs."""
    fleet.stock.wait_for_state(loss.running, "Crashed")
    assert fleet.stock.flow_run(loss.served)["state_name"] == "Running"
    assert fleet.entries_of(loss.served) == [("none", "first")]


def _on_machine(stock: Stock, name: str, **settings: str) -> Stock:
    return stock.with_settings(LOST=str(stock.folder), MACHINE=name, **settings)


def _serve(fleet: Fleet) -> str:
    """A run of the flow that is served, once it is."""
    with_name = {"deployments": {"name": {"any_": ["served"]}}}
    wait_until(
        lambda: fleet.stock.server.post("deployments/filter", with_name),
        timeout=PATIENCE,
        description="the served deployment",
    )
    return fleet.ask("served", gate="never")


def _kill_machine(*parents: Process) -> None:
    """`kill -9` of these processes with all of theirs, as when the power goes."""
    found = [psutil.Process(parent.pid) for parent in parents]
    for process in [child for each in found for child in (each, *each.children(recursive=True))]:
        os.kill(process.pid, signal.SIGKILL)
