"""Workers as real processes against a real server, and deployments for them to run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.ids import uuid7

FINAL: Final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(slots=True)
class WorkerProcess:
    """One worker. What it and its runs write is in `log`."""

    running: subprocess.Popen[bytes]
    log: Path

    def said(self, words: str) -> bool:
        return words in self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it without warning, as `kill -9` does."""
        self.running.kill()
        self.running.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.running.send_signal(number)
        return self.running.wait(20)


@dataclass(slots=True)
class Fleet:
    """Workers, and the folder of their logs."""

    server: WindlassServer
    folder: Path
    pool: str
    environment: dict[str, str] = field(default_factory=dict[str, str])
    workers: list[WorkerProcess] = field(default_factory=list[WorkerProcess])

    def start_worker(self, *options: str, pool: str | None = None) -> WorkerProcess:
        """Start a worker and wait until it takes runs."""
        worker = self.start(options or ("--type", "process"), pool or self.pool)
        wait_until(
            lambda: worker.said("started!") or worker.running.poll() is not None,
            timeout=20,
            description="the worker to start",
        )
        return worker

    def logs_of_processes(self) -> Iterator[tuple[str, str]]:
        """What each worker said, under the name of its log."""
        for worker in self.workers:
            yield worker.log.name, worker.log.read_text(errors="replace")

    def start(self, options: Sequence[str], pool: str) -> WorkerProcess:
        """Start a worker and return at once."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        environment = {
            **os.environ,
            "WINDLASS_API_URL": self.server.api_url,
            "WINDLASS_WORKER_QUERY_SECONDS": "0.5",
            **self.environment,
        }
        with log.open("wb") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", "windlass_workers", "--pool", pool, *options],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker = WorkerProcess(running, log)
        self.workers.append(worker)
        return worker

    def deploy(
        self, code: str, folder: Path, *, entrypoint: str = "flows.py:a_flow", **fields: Any
    ) -> str:
        """Write the flows into a folder and make a deployment of one of them; its id."""
        (folder / "flows.py").write_text(code)
        flow = self.server.post("flows/", {"name": "a-flow"})
        deployment = {
            "name": str(uuid7()),
            "flow_id": flow["id"],
            "work_pool_name": self.pool,
            "path": str(folder),
            "entrypoint": entrypoint,
            **fields,
        }
        return self.server.post("deployments/", deployment)["id"]

    def run(self, deployment_id: str, **parameters: Any) -> str:
        """Ask for a run; its id."""
        path = f"deployments/{deployment_id}/create_flow_run"
        return self.server.post(path, {"parameters": parameters})["id"]

    def state(self, flow_run_id: str) -> dict[str, Any]:
        return self.server.get(f"flow_runs/{flow_run_id}")["state"]

    def until_state(self, flow_run_id: str, *types: str) -> dict[str, Any]:
        """The state of a run once it is one of these types, or final."""
        wanted = (*types, *FINAL)

        def reached() -> dict[str, Any] | None:
            state = self.state(flow_run_id)
            return state if state["type"] in wanted else None

        return wait_until(reached, timeout=20, description=f"the run to be {wanted}") or {}

    def history(self, flow_run_id: str) -> list[str]:
        """The names of all states of a run, the first one first."""
        with self.server.http() as client:
            answer = client.get("flow_run_states/", params={"flow_run_id": flow_run_id})
            return [state["name"] for state in answer.raise_for_status().json()]

    def logs(self, flow_run_id: str) -> list[str]:
        asked = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}}
        return [record["message"] for record in self.server.post("logs/filter", asked)]

    def pid(self, flow_run_id: str) -> int:
        """The process of a run, once the worker has said which it is."""

        def told() -> str | None:
            return self.server.get(f"flow_runs/{flow_run_id}")["infrastructure_pid"]

        identifier = wait_until(told, description="the process of the run") or ""
        return int(identifier.rpartition(":")[2])

    def end(self) -> None:
        """Leave nothing running."""
        for worker in self.workers:
            if worker.running.poll() is None:
                worker.stop(signal.SIGINT)

    def probe(self, port: int, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}{path}")
