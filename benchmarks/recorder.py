"""Task-run events a second that one consumer makes task runs of, on PostgreSQL + Redis."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks import shapes
from benchmarks.copies import connected
from benchmarks.events import in_requests, make_flow_run
from benchmarks.figures import Figure, Target
from benchmarks.lifecycles import Wire
from benchmarks.sides import RunningServer, Side
from benchmarks.stores import Stores, kept_servers, settings_on

_PATIENCE: Final = 30.0
_COMPLETED: Final = "SELECT count(*) FROM task_run WHERE state_type = 'COMPLETED'"
_EVENTS_OF_A_RUN: Final = len(shapes.STATES)


def recorder(side: Side, seconds: float = 5.0, clients: int = 8) -> list[Figure]:
    """What was sent while no consumer was there, from its first task run to its last."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        kept_servers() as stores,
        side.api(Path(folder), **settings_on(side, stores)) as running,
    ):
        rate, deadlocks = asyncio.run(
            _measure(side, running, stores, Path(folder), seconds, clients)
        )
    return [
        Figure("recorder, one consumer", rate, "task-run events/s", Target(at_least=5000)),
        Figure("recorder: deadlocks", deadlocks, "", Target(at_most=0)),
    ]


async def _measure(
    side: Side, running: RunningServer, stores: Stores, home: Path, seconds: float, clients: int
) -> tuple[float, float]:
    environment = settings_on(side, stores)
    async with connected(stores.postgres) as database:
        # A consumer is a member of its group from its first message on, and the group keeps what
        # comes while it is away.
        run = await make_flow_run(running.url)
        with side.services(home, "triggers", **environment):
            await _send_until_recorded(running, database, run)
        known = await database.fetchval(_COMPLETED)
        until = time.perf_counter() + seconds
        made = [shapes.task_run_events(run) for _ in range(clients)]
        sent = await asyncio.gather(*(in_requests(running.url, one, until) for one in made))
        # The last run of each client may lack its end.
        whole = known + sum(count // _EVENTS_OF_A_RUN for count in sent)
        with side.services(home, "triggers", **environment):
            rate = await _rate(database, known, whole)
        return rate, await database.fetchval("SELECT sum(deadlocks) FROM pg_stat_database")


async def _send_until_recorded(running: RunningServer, database: Any, run: str) -> None:
    made, wire = shapes.task_run_events(run), Wire(running.url)
    until = time.perf_counter() + _PATIENCE
    while not await database.fetchval(_COMPLETED):
        if time.perf_counter() > until:
            raise RuntimeError("No task run is recorded.")
        await wire.send("/events", b"[" + b",".join(next(made) for _ in shapes.STATES) + b"]")
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    wire.close()


async def _rate(database: Any, known: int, whole: int) -> float:
    """Events per second since the first run more than was known, until there are all of them."""
    until = time.perf_counter() + _PATIENCE
    first, begun, count = known, until, known
    while count < whole and time.perf_counter() < until:
        count = await database.fetchval(_COMPLETED)
        if first == known < count:
            first, begun = count, time.perf_counter()
        await asyncio.sleep(0.02)
    elapsed = time.perf_counter() - begun
    return _EVENTS_OF_A_RUN * (count - first) / elapsed if elapsed > 0 else 0.0
