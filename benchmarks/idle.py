"""Workers that have nothing to do and wait for runs, as each side has them wait.

Ours are answered when there is a run, or ask again, and say by it that they are there; those of the
reference ask every ten seconds, and send heartbeats beside it.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from benchmarks.lifecycles import Wire
from benchmarks.sides import Side

POOL: Final = "waiting"
POLLED_EVERY: Final = 10.0
"""Seconds between two polls of a worker of the reference that nobody told otherwise."""
CLAIM_WAIT: Final = 27.0
"""Seconds that one of ours waits in a claim, told nothing else."""
_HEARTBEAT: Final = 30
_ROOM: Final = 10


@dataclass(slots=True)
class Claimed:
    """When each run was a worker's, by the clock of `time.perf_counter`."""

    at: dict[str, float] = field(default_factory=dict[str, float])

    def note(self, runs: list[str]) -> None:
        """These runs were just claimed."""
        now = time.perf_counter()
        self.at |= {run: now for run in runs if run not in self.at}


Waits = Callable[[str, str, Claimed], Awaitable[None]]


async def wait_for_runs(side: Side, url: str, workers: int, claimed: Claimed) -> None:
    """Be these workers until cancelled; their first questions are spread as the later ones are."""
    waits, every = (_waits_long, CLAIM_WAIT) if _is_ours(side) else (_polls_and_beats, POLLED_EVERY)
    async with asyncio.TaskGroup() as tasks:
        for number in range(workers):
            after = every * number / workers
            tasks.create_task(_waits_after(after, partial(waits, url, f"worker-{number}", claimed)))


async def claim(
    wire: Wire, worker: str, *, limit: int, wait: float, beat: int | None = None
) -> list[dict[str, Any]]:
    """Ask a Windlass server for runs of the pool; what was claimed. One that is busy has none.

    `beat`: it is a heartbeat too, of a worker that sends one every so many seconds.
    """
    body = {"worker_name": worker, "request_id": str(uuid4()), "limit": limit, "wait_seconds": wait}
    body |= {} if beat is None else {"heartbeat_interval_seconds": beat}
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


async def _waits_after(seconds: float, waits: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await waits()


def _is_ours(side: Side) -> bool:
    return side.module == "windlass"


async def _waits_long(url: str, name: str, claimed: Claimed) -> None:
    said_at = -math.inf

    async def wait(wire: Wire) -> None:
        nonlocal said_at
        is_heartbeat = time.perf_counter() - said_at >= _HEARTBEAT / 3
        if is_heartbeat:
            said_at = time.perf_counter()
        beat = _HEARTBEAT if is_heartbeat else None
        runs = await claim(wire, name, limit=_ROOM, wait=CLAIM_WAIT, beat=beat)
        claimed.note([run["flow_run"]["id"] for run in runs])

    await _again_and_again(url, wait)


async def _polls_and_beats(url: str, name: str, claimed: Claimed) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_beat(url, name))
        tasks.create_task(_again_and_again(url, partial(_poll_and_take, claimed)))


async def _again_and_again(url: str, ask: Callable[[Wire], Awaitable[None]]) -> None:
    wire = Wire(url)
    try:
        while True:
            try:
                await ask(wire)
            except (ConnectionError, asyncio.IncompleteReadError):
                wire.close()
    finally:
        wire.close()


async def _poll_and_take(claimed: Claimed, wire: Wire) -> None:
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
