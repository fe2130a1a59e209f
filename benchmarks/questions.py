"""What lists and counts of 200,000 flow runs cost, on PostgreSQL + Redis.

The API makes one run in each of a few states; SQL copies them, the same statements on both sides.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks import copies
from benchmarks.copies import RUNS as RUN_COPIES
from benchmarks.copies import STATES, filling
from benchmarks.figures import Figure, percentile
from benchmarks.lifecycles import Wire
from benchmarks.sides import RunningServer, Side
from benchmarks.stores import kept_servers, settings_on

RUNS: Final = 200_000
REQUESTS: Final = 200
_WARM: Final = 10
_OFTEN: Final = {"COMPLETED": 95, "FAILED": 3, "CANCELLED": 1, "SCHEDULED": 1}
"""How many of a hundred runs are in which state."""
_QUESTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "flow_runs/filter, 200 rows": (
        "/flow_runs/filter",
        {"sort": "EXPECTED_START_TIME_DESC", "limit": 200},
    ),
    "flow_runs/filter, 200 rows that failed": (
        "/flow_runs/filter",
        {
            "flow_runs": {"state": {"type": {"any_": ["FAILED"]}}},
            "sort": "START_TIME_DESC",
            "limit": 200,
        },
    ),
    "flow_runs/count": ("/flow_runs/count", {}),
    "flow_runs/count of the completed": (
        "/flow_runs/count",
        {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}},
    ),
}


def questions(side: Side) -> list[Figure]:
    """Each question asked again and again by one client: the middle and the 99th percentile."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.server(Path(folder), **settings_on(side, stores)) as running,
    ):
        asyncio.run(_fill(side, running, stores.postgres))
        figures: list[Figure] = []
        for name, (path, body) in _QUESTIONS.items():
            times = asyncio.run(_ask(running, path, body))
            for part in (50, 99):
                figures.append(
                    Figure(f"{name} of {RUNS:,}: p{part}", percentile(times, part) * 1000, "ms")
                )
    return figures


async def _ask(running: RunningServer, path: str, body: dict[str, Any]) -> list[float]:
    wire = Wire(running.url)
    times: list[float] = []
    for _ in range(_WARM + REQUESTS):
        begun = time.perf_counter()
        status, _ = await wire.post(path, body)
        times.append(time.perf_counter() - begun)
        if status >= 400:
            raise RuntimeError(f"{path} was answered with status {status}")
    wire.close()
    return times[_WARM:]


async def _fill(side: Side, running: RunningServer, postgres: str) -> None:
    """Make a run in each of the states, and copy them over the last thirty days."""
    wire = Wire(running.url)
    _, flow = await wire.post("/flows/", {"name": "questioned"})
    made = [(state, await _make(wire, flow["id"], state)) for state in _OFTEN]
    wire.close()
    first = 0
    async with filling(side, postgres) as database:
        for state, run in made:
            count = RUNS * _OFTEN[state] // 100
            await copies.copy(database, RUN_COPIES, run, count, first=first, **_SPREAD)
            await copies.copy(database, STATES, run, count, first=first)
            first += count


async def _make(wire: Wire, flow: str, state: str) -> str:
    body: dict[str, Any] = {"flow_id": flow, "tags": ["nightly", "etl"], "parameters": {"x": 1}}
    if state == "SCHEDULED":
        due = (datetime.now(UTC) + timedelta(days=7)).isoformat()
        body["state"] = {"type": state, "state_details": {"scheduled_time": due}}
    _, run = await wire.post("/flow_runs/", body)
    for type in () if state == "SCHEDULED" else ("RUNNING", state):
        await wire.post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": type}})
    return run["id"]


_SPREAD: Final = {
    name: f"original.{name} + (n / {RUNS}::float8 - 1) * interval '30 days'"
    for name in (
        *("expected_start_time", "start_time", "end_time", "state_timestamp"),
        *("created", "updated"),
    )
}
