"""What is measured with several processes: workers, and services on PostgreSQL + Redis."""

import asyncio
import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import bare_loop, lifecycles
from benchmarks.figures import Figure, Target
from benchmarks.machine import middle
from benchmarks.measures import FLOWS
from benchmarks.sides import RunningServer, Side, stopped
from benchmarks.stores import kept_servers, settings_on

_POOL: Final = "bench"
_PATIENCE: Final = 180.0


def worker(side: Side, runs: int = 10) -> list[Figure]:
    """A process worker on an idle machine: one run at a time, then ten at once."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        running = stack.enter_context(side.server(home))
        deployment = _deploy(side, running)
        stack.enter_context(_worker(side, home, running))
        _run(running, deployment, 1)
        latencies = [_run(running, deployment, 1)[0] for _ in range(runs)]
        begun = time.time()
        _run(running, deployment, 10)
        burst = time.time() - begun
    return [
        Figure("create to RUNNING through a process worker, p50", middle(latencies), "s"),
        Figure("10 runs at once, all completed", burst, "s"),
    ]


def api_services(side: Side, seconds: float = 10.0, clients: int = 16) -> list[Figure]:
    """Lifecycles through the API on PostgreSQL + Redis, background services beside it; then their
    writes alone, on the same PostgreSQL, where the tables are ours."""
    bare: float | None = None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, kept_servers() as stores:
        with side.server(Path(folder), **settings_on(side, stores)) as running:
            outcome = asyncio.run(lifecycles.measure(running.url, clients=clients, seconds=seconds))
        if side.module == "windlass":
            bare = asyncio.run(
                bare_loop.measure(stores.postgres, connections=clients, seconds=seconds)
            )
    part = 100 * outcome.per_second / bare if bare else None
    return [
        Figure(
            "lifecycles, PostgreSQL + Redis, 16 clients",
            outcome.per_second,
            "/s",
            Target(times=25),
        ),
        Figure("lifecycles, PostgreSQL + Redis: errors", outcome.errors, "", Target(at_most=0)),
        Figure("their writes in a bare asyncpg loop, 16 connections", bare, "/s"),
        Figure("lifecycles as a part of the bare loop", part, "%", Target(at_least=20)),
    ]


def _deploy(side: Side, running: RunningServer) -> str:
    del side
    flow = _ask(running, "/flows/", {"name": "deployed"})
    _ask(running, "/work_pools/", {"name": _POOL, "type": "process"})
    deployment = _ask(
        running,
        "/deployments/",
        {
            "name": "bench",
            "flow_id": flow["id"],
            "work_pool_name": _POOL,
            "path": str(FLOWS),
            "entrypoint": "deployed.py:deployed",
        },
    )
    return str(deployment["id"])


@contextmanager
def _worker(side: Side, home: Path, running: RunningServer) -> Generator[None]:
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [str(side.command), "worker", "start", "--pool", _POOL],
            env=side.environment(home, running.url),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        stopped(process)


def _run(running: RunningServer, deployment: str, count: int) -> list[float]:
    """Create runs, wait for their ends; seconds from creation to RUNNING of each."""
    path = f"/deployments/{deployment}/create_flow_run"
    created = [_ask(running, path, {"state": {"type": "SCHEDULED"}}) for _ in range(count)]
    waiting = {run["id"] for run in created}
    until = time.monotonic() + _PATIENCE
    while waiting and time.monotonic() < until:
        query = {"flow_runs": {"id": {"any_": sorted(waiting)}}}
        for run in _ask(running, "/flow_runs/filter", query):
            if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED"):
                waiting.discard(run["id"])
                if run["state_type"] != "COMPLETED":
                    raise RuntimeError(f"A run ended badly: {run['state']}")
        time.sleep(0.02)
    if waiting:
        raise RuntimeError(f"{len(waiting)} runs did not end")
    return [_latency(running, run) for run in created]


def _latency(running: RunningServer, run: dict[str, Any]) -> float:
    ended = _ask(running, f"/flow_runs/{run['id']}", None)
    begun = datetime.fromisoformat(ended["start_time"]) - datetime.fromisoformat(run["created"])
    return begun.total_seconds()


def _ask(running: RunningServer, path: str, body: dict[str, Any] | None) -> Any:
    request = urllib.request.Request(
        running.url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except OSError as error:
            # The reference answers 503 while its database is locked, or hangs up; its clients ask
            # again, too.
            refused = isinstance(error, urllib.error.HTTPError) and error.code != 503
            if refused or time.monotonic() > until:
                raise
            time.sleep(0.1)
