"""Workers that have nothing to do and wait for runs, as each side has them wait.

Ours are answered when there is a run, or ask again; those of the reference ask every ten seconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from benchmarks.lifecycles import Wire
from benchmarks.sides import Side

POOL: Final = "waiting"
POLLED_EVERY: Final = 10.0
"""Seconds between two polls of a worker of the reference that nobody told otherwise."""
CLAIM_WAIT: Final = 30.0
"""Seconds that one of ours waits in a claim, told nothing else."""
_HEARTBEAT: Final = 30.0
_ROOM: Final = 10


@dataclass(slots=True)
class Claimed:
    """When each run was a worker's, by the clock of `time.perf_counter`."""

    at: dict[str, float] = field(default_factory=dict[str, float])

    def note(self, runs: list[str]) -> None:
        """These runs were just claimed."""
        now = time.perf_counter()
        self.at |= {run: now for run in runs if run not in self.at}


Waits = Callable[[Wire, str, Claimed], Awaitable[None]]


async def wait_for_runs(side: Side, url: str, workers: int, claimed: Claimed) -> None:
    """Be these workers until cancelled; their first questions are spread as the later ones are."""
    waits, every = (_waits_long, CLAIM_WAIT) if _is_ours(side) else (_polls, POLLED_EVERY)
    async with asyncio.TaskGroup() as tasks:
        for number in range(workers):
            tasks.create_task(_worker(url, number, every * number / workers, waits, claimed))


async def claim(wire: Wire, worker: str, *, limit: int, wait: float) -> list[dict[str, Any]]:
    """Ask a Windlass server for runs of the pool; what was claimed. One that is busy has none."""
    body = {"worker_name": worker, "request_id": str(uuid4()), "limit": limit, "wait_seconds": wait}
    status, answer = await wire.post(f"/work_pools/{POOL}/claim", body)
    if 400 <= status < 500:
        raise RuntimeError(f"A claim was answered with status {status}: {answer}")
    return answer["runs"] if status < 400 else []


async def poll(wire: Wire, limit: int | None = None) -> list[str]:
    """Ask the reference which runs of the pool are due; nobody owns them yet."""
    soon = datetime.now(UTC) + timedelta(seconds=POLLED_EVERY)
    body: dict[str, Any] = {"scheduled_before": soon.isoformat()}
    path = f"/work_pools/{POOL}/get_scheduled_flow_runs"
    status, found = await wire.post(path, body if limit is None else body | {"limit": limit})
    return [one["flow_run"]["id"] for one in found] if status < 400 else []


async def take(wire: Wire, run: str) -> bool:
    """Propose PENDING, by which a worker of the reference makes a run its own."""
    status, answer = await wire.post(
        f"/flow_runs/{run}/set_state", {"state": {"type": "PENDING", "name": "Pending"}}
    )
    return status < 400 and answer["status"] == "ACCEPT"


def _is_ours(side: Side) -> bool:
    return side.module == "windlass"


async def _worker(url: str, number: int, after: float, waits: Waits, claimed: Claimed) -> None:
    name = f"worker-{number}"
    await asyncio.sleep(after)
    wire = Wire(url)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_beat(url, name))
            while True:
                try:
                    await waits(wire, name, claimed)
                except (ConnectionError, asyncio.IncompleteReadError):
                    wire.close()
    finally:
        wire.close()


async def _waits_long(wire: Wire, name: str, claimed: Claimed) -> None:
    runs = await claim(wire, name, limit=_ROOM, wait=CLAIM_WAIT)
    claimed.note([run["flow_run"]["id"] for run in runs])


async def _polls(wire: Wire, name: str, claimed: Claimed) -> None:
    del name
    begun = time.perf_counter()
    for run in (await poll(wire))[:_ROOM]:
        if run not in claimed.at and await take(wire, run):
            claimed.note([run])
    await asyncio.sleep(max(POLLED_EVERY - (time.perf_counter() - begun), 0))


async def _beat(url: str, name: str) -> None:
    body = {"name": name, "heartbeat_interval_seconds": _HEARTBEAT}
    while True:
        wire = Wire(url)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await wire.post(f"/work_pools/{POOL}/workers/heartbeat", body)
        finally:
            wire.close()
        await asyncio.sleep(_HEARTBEAT)
