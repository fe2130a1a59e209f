"""The scheduler with 11,000 schedules beside 1,000,000 runs of history, on PostgreSQL + Redis."""

import asyncio
import re
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import copies
from benchmarks.figures import Figure, Target
from benchmarks.lifecycles import Wire
from benchmarks.sides import RunningServer, Side
from benchmarks.stores import Stores, kept_servers, settings_on

_SCHEDULES: Final = {
    "cron": {"cron": "15 * * * *", "timezone": "UTC"},
    "rrule": {"rrule": "FREQ=HOURLY;INTERVAL=2", "timezone": "UTC"},
}
_DEPLOYMENTS: Final = copies.Copies(
    "deployment",
    "original.id = $1::uuid",
    {"id": "md5('deployment' || n)::uuid", "name": "'deployment-' || n"},
)
_DEPLOYMENT_SCHEDULES: Final = copies.Copies(
    "deployment_schedule",
    "original.deployment_id = $1::uuid",
    {"id": "md5('schedule' || n)::uuid", "deployment_id": "md5('deployment' || n)::uuid"},
)
_BUCKET: Final = re.compile(
    r'windlass_loop_pass_seconds_bucket\{le="([^"]+)",loop="([^"]+)"\} (\S+)'
)
_MADE: Final = "SELECT count(*) FROM flow_run WHERE auto_scheduled"


def schedules(
    side: Side,
    cron: int = 10_000,
    rrule: int = 1_000,
    history: int = 1_000_000,
    seconds: float = 20.0,
) -> list[Figure]:
    """All schedules are due for a look at first; the reference has no history, which costs most of
    the time here, and is spared nothing else."""
    ours = side.module == "windlass"
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.api(Path(folder), **settings_on(side, stores)) as running,
    ):
        numbers = {"cron": cron, "rrule": rrule}
        asyncio.run(_fill(side, running, stores, numbers, history if ours else 0))
        with side.services(Path(folder), "scheduler", **settings_on(side, stores)) as scheduler:
            rate = asyncio.run(_made_per_second(side, stores, seconds))
            p99 = _slowest(_metrics(scheduler.url)) if ours else None
    of = f"{cron + rrule:,} schedules"
    return [
        Figure(f"scheduler loops, {of}, {history:,} runs: p99", p99, "s", Target(at_most=2)),
        Figure(f"first runs of {of}", rate, "runs/s"),
    ]


def slowest_loop(page: str) -> tuple[str, float]:
    """The loop whose 99th percentile is the longest, and that, by the metrics of its process.

    As Prometheus estimates it: as if the passes were spread evenly over their bucket.
    """
    buckets: dict[str, list[tuple[float, float]]] = {}
    for bound, loop, count in _BUCKET.findall(page):
        buckets.setdefault(loop, []).append((float(bound), float(count)))
    if not buckets:
        raise RuntimeError("The scheduler exports no loops.")
    found = {loop: _estimate(of_loop) for loop, of_loop in buckets.items()}
    return max(found.items(), key=lambda item: item[1])


def _estimate(buckets: list[tuple[float, float]]) -> float:
    rank = 0.99 * max(count for _, count in buckets)
    lower, before = 0.0, 0.0
    for bound, count in sorted(buckets):
        if count >= rank and count > before:
            part = (rank - before) / (count - before)
            return lower if bound == float("inf") else lower + (bound - lower) * part
        lower, before = bound, count
    return lower


def _slowest(page: str) -> float:
    loop, seconds = slowest_loop(page)
    print(f"The slowest loop is {loop}.", flush=True)
    return seconds


def _metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        return answer.read().decode()


async def _fill(
    side: Side, running: RunningServer, stores: Stores, numbers: Mapping[str, int], history: int
) -> None:
    wire = Wire(running.url)
    await wire.post("/work_pools/", {"name": "scheduled", "type": "process"})
    _, flow = await wire.post("/flows/", {"name": "scheduled"})
    _, run = await wire.post("/flow_runs/", {"flow_id": flow["id"]})
    for type in ("RUNNING", "COMPLETED"):
        await wire.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": type}})
    deployed = {kind: await _deploy(wire, flow["id"], kind) for kind in numbers}
    wire.close()
    async with copies.filling(side, stores.postgres) as database:
        first = 0
        for kind, deployment in deployed.items():
            for each in (_DEPLOYMENTS, _DEPLOYMENT_SCHEDULES):
                await copies.copy(database, each, deployment, numbers[kind] - 1, first=first)
            first += numbers[kind]
        for each in (copies.RUNS, copies.STATES) if history else ():
            async with copies.without_indexes(database, each.table):
                await copies.copy(database, each, run["id"], history)


async def _deploy(wire: Wire, flow: str, kind: str) -> str:
    _, deployment = await wire.post(
        "/deployments/",
        {
            "name": kind,
            "flow_id": flow,
            "work_pool_name": "scheduled",
            "schedules": [{"schedule": _SCHEDULES[kind], "active": True}],
        },
    )
    return deployment["id"]


async def _made_per_second(side: Side, stores: Stores, seconds: float) -> float:
    """Runs that a scheduler makes in a second, from the start of its process on, for so many
    seconds; where it can be seen that there is more to do, for thrice as many at most."""
    begun, last, made = time.perf_counter(), 0.0, 0
    async with copies.connected(stores.postgres) as database:
        while (elapsed := time.perf_counter() - begun) < seconds or (
            elapsed < 3 * seconds and (not made or await _is_behind(side, database))
        ):
            await asyncio.sleep(0.5)
            if (now := await database.fetchval(_MADE)) > made:
                made, last = now, time.perf_counter() - begun
    if not made:
        raise RuntimeError(f"The scheduler of {side.name} makes no runs.")
    return made / last


async def _is_behind(side: Side, database: Any) -> bool:
    if side.module != "windlass":
        return False
    due = "SELECT count(*) FROM deployment_schedule WHERE active AND next_look <= now()"
    return bool(await database.fetchval(due))
