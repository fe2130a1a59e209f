"""Whether a service grows: task runs at a steady pace through separate services, and their memory.

    python -m benchmarks.soak [--minutes 20] [--per-second 50] [--write]

Half of the task runs are reported as our clients report them, half as events of stock clients; each
second is a flow run of its own, with logs, and workers wait all the time.
"""

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import idle, shapes
from benchmarks.figures import Target
from benchmarks.lifecycles import Wire
from benchmarks.machine import description, resident
from benchmarks.sides import windlass
from benchmarks.stores import kept_servers, settings_on
from tests.support.server_binaries import find_postgres, find_redis
from windlass import __version__
from windlass.ids import uuid7

RESULTS: Final = Path(__file__).parent / "SOAK.md"
GROWTH: Final = Target(at_most=2)
"""In percent, from the fifth minute to the end."""
_WARM: Final = 5.0
_SAMPLED_EVERY: Final = 5.0
_WORKERS: Final = 20
_LOGS: Final = 10


@dataclass(slots=True)
class Watched:
    """Megabytes of each service, by the seconds since the beginning."""

    samples: dict[str, list[tuple[float, float]]] = field(
        default_factory=dict[str, list[tuple[float, float]]]
    )

    def note(self, service: str, at: float, megabytes: float) -> None:
        """One more sample."""
        self.samples.setdefault(service, []).append((at, megabytes))

    def growth(self, service: str, minutes: float) -> tuple[float, float]:
        """Megabytes when it was warm and at the end: the middle of a minute of samples each.

        A soak of less than ten minutes counts as warm after a quarter of its time.
        """
        warm, length = 60 * min(_WARM, minutes / 4), 60 * min(1.0, minutes / 4)
        samples = self.samples[service]
        begun = [mb for at, mb in samples if warm <= at < warm + length]
        ended = [mb for at, mb in samples if at >= samples[-1][0] - length]
        return median(begun), median(ended)


def rows(watched: Watched, minutes: float) -> list[str]:
    """The table: each service, how large it was and is, and whether it grew."""
    lines = [
        f"| service | warm | at the end | growth ({GROWTH.text('%')}) |",
        "| --- | --- | --- | --- |",
    ]
    for service in watched.samples:
        begun, ended = watched.growth(service, minutes)
        growth = 100 * (ended - begun) / begun
        verdict = "met" if GROWTH.is_met(growth, None) else "missed"
        lines.append(
            f"| {service} | {begun:.1f} MB | {ended:.1f} MB | {growth:+.2f} %: {verdict} |"
        )
    return lines


def soak(minutes: float, per_second: int) -> tuple[Watched, str]:
    """Run it all; the samples, and what was done to the services."""
    side = windlass()
    watched = Watched()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        stores = stack.enter_context(kept_servers())
        home, environment = Path(folder), settings_on(side, stores)
        api = stack.enter_context(side.api(home, **environment))
        pids = {"api": api.pid}
        for name in ("scheduler", "triggers"):
            pids[name] = stack.enter_context(side.services(home, name, **environment)).pid
        load = Load(api.url, per_second)
        asyncio.run(_watch(load, pids, watched, 60 * minutes))
    return watched, (
        f"{load.task_runs:,} task runs in {load.flow_runs:,} flow runs were sent,"
        f" {load.errors:,} requests failed, {load.late:,} seconds began late."
    )


async def _watch(load: "Load", pids: Mapping[str, int], watched: Watched, seconds: float) -> None:
    await load.prepare()
    begun = time.perf_counter()
    loading = asyncio.create_task(load.run(seconds))
    waiting = asyncio.create_task(
        idle.wait_for_runs(windlass(), load.url, _WORKERS, idle.Claimed())
    )
    while not loading.done():
        await asyncio.wait([loading], timeout=_SAMPLED_EVERY)
        if waiting.done():
            waiting.result()
        for service, pid in pids.items():
            watched.note(service, time.perf_counter() - begun, resident(pid))
    waiting.cancel()
    await asyncio.wait([waiting])
    loading.result()


@dataclass(slots=True)
class Load:
    """Task runs at a steady pace; what was sent, and what went wrong."""

    url: str
    per_second: int
    task_runs: int = 0
    flow_runs: int = 0
    errors: int = 0
    late: int = 0

    async def prepare(self) -> None:
        """Make the pool that workers wait at."""
        wire = Wire(self.url)
        await wire.post("/work_pools/", {"name": idle.POOL, "type": "process"})
        wire.close()

    async def run(self, seconds: float) -> None:
        """Go on for so long: a flow run each second."""
        flow = await self._post("/flows/", {"name": "soaked"})
        begun = time.perf_counter()
        for second in range(round(seconds)):
            pause = begun + second - time.perf_counter()
            self.late += pause < -0.5
            await asyncio.sleep(max(pause, 0))
            await self.flow_run(flow["id"])

    async def flow_run(self, flow: str) -> None:
        """A flow run from its beginning to its end, with all its task runs and logs."""
        run = (await self._post("/flow_runs/", {"flow_id": flow}))["id"]
        await self._post(f"/flow_runs/{run}/set_state", {"state": {"type": "RUNNING"}})
        reported = self.per_second // 2
        reports = [_report(run) for _ in range(reported)]
        await self._post("/task_runs/report", {"reports": reports})
        stock = self.per_second - reported
        events = islice(shapes.task_run_events(run), stock * len(shapes.STATES))
        await self._send("/events", b"[" + b",".join(events) + b"]")
        await self._post("/logs/", [_log(run) for _ in range(_LOGS)])
        await self._post(f"/flow_runs/{run}/set_state", {"state": {"type": "COMPLETED"}})
        self.task_runs += self.per_second
        self.flow_runs += 1

    async def _post(self, path: str, body: Any) -> Any:
        return await self._send(path, json.dumps(body).encode())

    async def _send(self, path: str, content: bytes) -> Any:
        wire = Wire(self.url)
        status, answer = await wire.send(path, content)
        wire.close()
        self.errors += status >= 400
        return answer


def _report(run: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    id = str(uuid7())
    return {
        "id": id,
        "flow_run_id": run,
        "task_key": "double-9c0ef1ef",
        "dynamic_key": id,
        "name": "double-101",
        "states": [
            {
                "id": str(uuid7()),
                "type": type,
                "name": name,
                "timestamp": now,
                "run_count": min(number, 1),
            }
            for number, (type, name) in enumerate(shapes.STATES)
        ],
    }


def _log(run: str) -> dict[str, Any]:
    return {
        "name": "windlass.flow_runs",
        "level": 20,
        "message": "Loaded a part of the table into the warehouse, 10,000 rows, none refused",
        "timestamp": datetime.now(UTC).isoformat(),
        "flow_run_id": run,
    }


def page(table: Sequence[str], said: str, *, minutes: float, per_second: int) -> str:
    """The whole page."""
    return "\n".join(
        (
            "# Soak",
            "",
            f"`python -m benchmarks.soak --minutes {minutes:g} --per-second {per_second} --write`,"
            f" {datetime.now(UTC):%Y-%m-%d}, Windlass {__version__}, {description()}, Python"
            f" {platform.python_version()}, PostgreSQL {find_postgres().version}, Redis or Valkey"
            f" {find_redis().version}.",
            "",
            f"{said} {_WORKERS} workers waited meanwhile. Resident memory, the middle of a minute:"
            f" from the fifth on, and the last one.",
            "",
            *table,
            "",
        )
    )


def main() -> None:
    """Soak, print the table, and with `--write` keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--write", action="store_true", help=f"renew {RESULTS.name}")
    options = parser.parse_args()
    watched, said = soak(options.minutes, options.per_second)
    table = rows(watched, options.minutes)
    print("\n".join((said, *table)))
    if options.write:
        written = page(table, said, minutes=options.minutes, per_second=options.per_second)
        RESULTS.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
