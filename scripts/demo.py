"""The main job, as a user does it: server, worker, deployment, ad-hoc runs, a schedule.

    python scripts/demo.py

Works in a folder of its own that is gone afterwards, on a free port, and leaves nothing running.
Exits with 0 only if every run completed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterDeploymentId
from windlass.schemas.filters.logs import LogFilter, LogFilterFlowRunId, LogQuery
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.logs import Log
from windlass.schemas.states import State, StateType

ROOT: Final = Path(__file__).resolve().parents[1]
NAMES: Final = ("Ada", "Grace", "Edsger")
INTERVAL_SECONDS: Final = 4
SCHEDULED_RUNS: Final = 2
PATIENCE_SECONDS: Final = 90.0


def main() -> int:
    """Show it; 0 when every run completed."""
    home = Path(tempfile.mkdtemp(prefix="windlass-demo-"))
    try:
        os.environ["WINDLASS_HOME"] = str(home)
        with server(), worker(home):
            windlass("deploy", "examples/hello.py:hello", "--name", "demo", "--pool", "demo")
            for name in NAMES:
                windlass("deployment", "run", "hello/demo", "--param", f"name={name}")
            every = ["--interval", str(INTERVAL_SECONDS)]
            windlass("deployment", "schedule", "create", "hello/demo", *every)
            with get_client(sync_client=True) as client:
                watched = Watched(client, client.read_deployment_by_name("hello/demo").id)
                watch(watched, is_enough)
                windlass("deployment", "schedule", "pause", "--all")
                runs = watch(watched, is_over)
        done = report(runs)
        if not done:
            print((home / "worker.log").read_text())
        return 0 if done else 1
    except subprocess.CalledProcessError as error:
        print(f"`{' '.join(error.cmd[2:])}` failed with status {error.returncode}.")
        return 1
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def server() -> Generator[None]:
    """A server in the background: SQLite, streams in memory, every service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    os.environ["WINDLASS_API_URL"] = f"http://127.0.0.1:{port}/api"
    windlass("server", "start", "--background", "--port", str(port))
    try:
        yield
    finally:
        windlass("server", "stop")


@contextmanager
def worker(home: Path) -> Generator[None]:
    """A worker of a new pool, whose output goes to a file; told to stop at the end."""
    windlass("work-pool", "create", "demo", "--type", "process")
    command = command_line("worker", "start", "--pool", "demo", "--name", "demo-worker")
    shown(command)
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@dataclass(slots=True)
class Watched:
    """What has been shown of the runs of a deployment."""

    client: SyncWindlassClient
    deployment_id: UUID
    shown: set[UUID] = field(default_factory=set[UUID])

    def runs(self) -> list[FlowRun]:
        """All runs of the deployment whose time has come, the earliest first."""
        mine = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[self.deployment_id]))
        query = FlowRunQuery(flow_runs=mine, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
        found = self.client.read_flow_runs(query)
        return [run for run in found if run.state_type is not StateType.SCHEDULED]

    def show_news(self, runs: list[FlowRun]) -> None:
        """Print what these runs did and logged since the last time."""
        news: list[tuple[FlowRun, State | Log]] = []
        for run in runs:
            logs = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
            news += [(run, state) for state in self.client.read_flow_run_states(run.id)]
            news += [(run, log) for log in self.client.read_logs(LogQuery(logs=logs))]
        for run, each in sorted(news, key=lambda pair: pair[1].timestamp):
            if each.id not in self.shown:
                self.shown.add(each.id)
                print(line(run, each), flush=True)


def watch(watched: Watched, until: Callable[[list[FlowRun]], bool]) -> list[FlowRun]:
    """Show states and logs until `until` says so, or patience is over; returns the runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        runs = watched.runs()
        watched.show_news(runs)
        if until(runs):
            return runs
        if time.monotonic() > deadline:
            print(f"Not finished after {PATIENCE_SECONDS:g} seconds.")
            return runs
        time.sleep(0.2)


def is_enough(runs: list[FlowRun]) -> bool:
    """Whether the runs that were asked for are over, and some of the schedule."""
    over = [run for run in runs if is_over([run])]
    scheduled = [run for run in over if run.auto_scheduled]
    return len(scheduled) >= SCHEDULED_RUNS and len(over) - len(scheduled) >= len(NAMES)


def is_over(runs: list[FlowRun]) -> bool:
    """Whether all of them are finished."""
    return all(run.state is not None and run.state.is_final() for run in runs)


def line(run: FlowRun, news: State | Log) -> str:
    """What happened, in one line."""
    at = news.timestamp.astimezone().strftime("%H:%M:%S.%f")[:-3]
    if isinstance(news, State):
        return f"  {at}  {run.name:<20} -> {news.name}{f': {news.message}' * bool(news.message)}"
    return f"  {at}  {run.name:<20}    {news.message}"


def report(runs: list[FlowRun]) -> bool:
    """The closing table; whether it is what it should be."""
    print(f"\n{'Run':<22}{'Asked for by':<16}{'State':<12}{'Waited':>9}{'Took':>9}")
    for run in runs:
        by = "the schedule" if run.auto_scheduled else "hand"
        waited = run.estimated_start_time_delta.total_seconds()
        took = run.total_run_time.total_seconds()
        print(f"{run.name:<22}{by:<16}{run.state_name or '-':<12}{waited:>8.2f}s{took:>8.2f}s")
    completed = [run for run in runs if run.state_type is StateType.COMPLETED]
    done = len(completed) == len(runs) >= len(NAMES) + SCHEDULED_RUNS
    print(f"\n{len(completed)} of {len(runs)} runs completed.")
    return done


def windlass(*arguments: str) -> None:
    """Run the command, and show it. Raises CalledProcessError when it fails."""
    command = command_line(*arguments)
    shown(command)
    subprocess.run(command, cwd=ROOT, check=True)


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "windlass", *arguments]


def shown(command: list[str]) -> None:
    print(f"\n$ windlass {' '.join(command[3:])}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
