"""From created to claimed, and what it costs that workers wait, on PostgreSQL + Redis."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from benchmarks import copies, idle
from benchmarks.figures import Figure, Target, percentile
from benchmarks.idle import POOL, Claimed
from benchmarks.lifecycles import Wire
from benchmarks.machine import processor_seconds
from benchmarks.sides import RunningServer, Side
from benchmarks.stores import kept_servers, services_on_stores, settings_on

LATE: Final = 20.0
"""Seconds after which a run that nobody claimed counts as claimed."""
_SETTLING: Final = max(idle.POLLED_EVERY, idle.CLAIM_WAIT) + 2
_CLAIMERS: Final = 8
_AT_ONCE: Final = 50
_DISPATCHABLE: Final = copies.Copies(
    "dispatchable", "original.flow_run_id = $1::uuid", {"flow_run_id": copies.RUN_ID}
)


def claim(
    side: Side,
    workers: int = 200,
    per_second: float = 20.0,
    seconds: float = 15.0,
    backlog: int = 5000,
) -> list[Figure]:
    """Runs created at a steady pace while workers wait, then a backlog that is claimed at once."""
    with services_on_stores(side) as (running, _):
        times = asyncio.run(latencies(side, running, workers, per_second, seconds))
    rate = _backlog_rate(side, backlog, seconds)
    waiting = f"created to claimed, {workers} workers waiting"
    return [
        Figure(f"{waiting}: p50", percentile(times, 50) * 1000, "ms", Target(at_most=20)),
        Figure(f"{waiting}: p99", percentile(times, 99) * 1000, "ms", Target(at_most=100)),
        Figure("claims of a backlog, by 50", rate, "runs/s", Target(at_least=1000)),
    ]


def idle_workers(side: Side, workers: int = 1000, seconds: float = 20.0) -> list[Figure]:
    """Workers that wait for runs that do not come: what the API computes meanwhile."""
    with services_on_stores(side) as (running, _):
        part = asyncio.run(_cost(side, running, workers, seconds))
    return [Figure(f"API, {workers:,} idle workers", part, "% of a core", Target(at_most=10))]


async def latencies(
    side: Side, running: RunningServer, workers: int, per_second: float, seconds: float
) -> list[float]:
    """Seconds from the request that creates a run to the answer that gives it to a worker."""
    deployment = await deploy(running)
    claimed, created = Claimed(), dict[str, float]()
    async with _waiting(side, running, workers, claimed):
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as creations:
            for number in range(round(per_second * seconds)):
                await asyncio.sleep(max(begun + number / per_second - time.perf_counter(), 0))
                creations.create_task(create(running, deployment, created))
        for _ in range(round(LATE / 0.05)):
            if not created.keys() - claimed.at.keys():
                break
            await asyncio.sleep(0.05)
    return [claimed.at.get(run, asked + LATE) - asked for run, asked in created.items()]


async def _cost(side: Side, running: RunningServer, workers: int, seconds: float) -> float:
    await deploy(running)
    async with _waiting(side, running, workers, Claimed()):
        begun, computed = time.perf_counter(), processor_seconds(running.pid)
        await asyncio.sleep(seconds)
        computed = processor_seconds(running.pid) - computed
        return 100 * computed / (time.perf_counter() - begun)


@asynccontextmanager
async def _waiting(
    side: Side, running: RunningServer, workers: int, claimed: Claimed
) -> AsyncGenerator[None]:
    """Workers that have waited for a while when the block begins."""
    waiting = asyncio.create_task(idle.wait_for_runs(side, running.url, workers, claimed))
    await asyncio.sleep(_SETTLING)
    try:
        yield
    finally:
        if waiting.done():
            waiting.result()
        waiting.cancel()
        await asyncio.wait([waiting])


def _backlog_rate(side: Side, backlog: int, seconds: float) -> float:
    """Runs per second that are claimed of a backlog of due ones, until it is empty."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.api(Path(folder), **settings_on(side, stores)) as running,
    ):
        asyncio.run(_fill(side, running, stores.postgres, backlog))
        claims = _claims if side.module == "windlass" else _polls
        return asyncio.run(claims(running, seconds))


async def _fill(side: Side, running: RunningServer, postgres: str, backlog: int) -> None:
    created: dict[str, float] = {}
    await create(running, await deploy(running), created)
    [run] = created
    async with copies.filling(side, postgres) as database:
        await copies.copy(database, copies.RUNS, run, backlog)
        await copies.copy(database, copies.STATES, run, backlog)
        if side.module == "windlass":
            await copies.copy(database, _DISPATCHABLE, run, backlog)


async def _claims(running: RunningServer, seconds: float) -> float:
    begun = time.perf_counter()

    async def claimer(number: int) -> int:
        wire, taken = Wire(running.url), 0
        while time.perf_counter() - begun < seconds:
            runs = await idle.claim(wire, f"claimer-{number}", limit=_AT_ONCE, wait=0)
            taken += len(runs)
            if not runs:
                break
        wire.close()
        return taken

    counts = await asyncio.gather(*map(claimer, range(_CLAIMERS)))
    return sum(counts) / (time.perf_counter() - begun)


async def _polls(running: RunningServer, seconds: float) -> float:
    """One worker of the reference, who makes so many runs at a time its own, some at once."""
    begun, taken, wire = time.perf_counter(), 0, Wire(running.url)
    wires = [Wire(running.url) for _ in range(_CLAIMERS)]

    async def own(wire: Wire, runs: Iterator[str]) -> int:
        return sum([await idle.take(wire, run) for run in runs])

    while time.perf_counter() - begun < seconds:
        runs = iter(await idle.poll(wire, _AT_ONCE))
        owned = sum(await asyncio.gather(*(own(wire, runs) for wire in wires)))
        taken += owned
        if not owned:
            break
    elapsed = time.perf_counter() - begun
    for each in (wire, *wires):
        each.close()
    return taken / elapsed


async def deploy(running: RunningServer) -> str:
    """A deployment in the pool that workers wait at; its id."""
    wire = Wire(running.url)
    await wire.post("/work_pools/", {"name": POOL, "type": "process"})
    _, flow = await wire.post("/flows/", {"name": "claimed"})
    body = {"name": "claimed", "flow_id": flow["id"], "work_pool_name": POOL}
    _, deployment = await wire.post("/deployments/", body)
    wire.close()
    return deployment["id"]


async def create(running: RunningServer, deployment: str, created: dict[str, float]) -> None:
    """Create a run that is due; `created` gets when that was asked for, by its id. One that the
    server is too busy to make counts as late, as one that nobody claims does."""
    begun, wire = time.perf_counter(), Wire(running.url)
    path = f"/deployments/{deployment}/create_flow_run"
    status, run = await wire.post(path, {"state": {"type": "SCHEDULED"}})
    wire.close()
    created[run["id"] if status < 400 else str(uuid4())] = begun
