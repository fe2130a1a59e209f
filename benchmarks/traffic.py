"""What comes in at all times: logs of runs, heartbeats of workers, and polls that find nothing."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from benchmarks.figures import Figure
from benchmarks.lifecycles import Wire
from benchmarks.sides import Side
from benchmarks.stores import server_on_stores

_POOL: Final = "traffic"
_BATCH: Final = 100
_MESSAGE: Final = "Loaded part {} of the table into the warehouse, 10,000 rows, none refused"

Request = tuple[str, bytes]


def traffic(side: Side, seconds: float = 8.0, clients: int = 16) -> list[Figure]:
    """Accepted per second, through the API on PostgreSQL + Redis."""
    with server_on_stores(side) as running:
        asyncio.run(_prepare(running.url))
        requests = {"logs": _logs, "heartbeats": _heartbeat, "polls": _poll}
        rates = {
            name: asyncio.run(_rate(running.url, make, clients=clients, seconds=seconds))
            for name, make in requests.items()
        }
    return [
        Figure("logs in batches of 100, rows", rates["logs"] * _BATCH, "/s"),
        Figure("heartbeats of workers", rates["heartbeats"], "/s"),
        Figure("polls of workers that find nothing", rates["polls"], "/s"),
    ]


async def _prepare(url: str) -> None:
    wire = Wire(url)
    await wire.post("/work_pools/", {"name": _POOL, "type": "process"})
    wire.close()


async def _rate(url: str, make: Callable[[int], Request], *, clients: int, seconds: float) -> float:
    """Answers without an error per second; each client sends its own request again and again."""
    begun = time.perf_counter()
    until = begun + seconds
    counts = await asyncio.gather(*(_client(url, make(number), until) for number in range(clients)))
    return sum(counts) / (time.perf_counter() - begun)


async def _client(url: str, request: Request, until: float) -> int:
    wire, accepted = Wire(url), 0
    while time.perf_counter() < until:
        try:
            status, _ = await wire.send(*request)
        except (ConnectionError, asyncio.IncompleteReadError):
            wire.close()
            continue
        accepted += status < 400
    wire.close()
    return accepted


def _logs(number: int) -> Request:
    run = str(uuid4())
    records = [
        {
            "name": "prefect.flow_runs",
            "level": 20,
            "message": _MESSAGE.format(f"{number}.{part}"),
            "timestamp": datetime.now(UTC).isoformat(),
            "flow_run_id": run,
        }
        for part in range(_BATCH)
    ]
    return "/logs/", json.dumps(records).encode()


def _heartbeat(number: int) -> Request:
    body = {"name": f"worker-{number}", "heartbeat_interval_seconds": 30}
    return f"/work_pools/{_POOL}/workers/heartbeat", json.dumps(body).encode()


def _poll(number: int) -> Request:
    del number
    body = {"scheduled_before": datetime.now(UTC).isoformat()}
    return f"/work_pools/{_POOL}/get_scheduled_flow_runs", json.dumps(body).encode()
