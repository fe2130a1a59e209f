"""Events a second that are accepted and that the filter API shows, on PostgreSQL + Redis."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias
from uuid import uuid4

from benchmarks import shapes
from benchmarks.figures import Figure, Target, percentile
from benchmarks.lifecycles import Wire
from benchmarks.sides import Side
from benchmarks.sockets import EventSocket
from benchmarks.stores import services_on_stores

_BATCH: Final = 100
_PATIENCE: Final = 30.0
"""Seconds until all that was accepted has to be visible; what is not by then does not count."""
_REFERENCE_MOST: Final = 1500
"""Events in all, of one kind: it accepts them faster than it stores them, and is then behind for
minutes; so many keep it busy for as long as the others."""
_TO_START: Final = 90.0
_PROBED_EVERY: Final = 0.1
_PROBE: Final = "bench.probe"
_SMALL: Final = "bench.small"
TASK_RUNS: Final = "prefect.task-run."

Send: TypeAlias = Callable[[str, Iterator[bytes], float], Awaitable[int]]


def events(side: Side, seconds: float = 8.0, clients: int = 32) -> list[Figure]:
    """As fast as the server lets clients send: task runs as stock clients do, then small ones."""
    most = None if side.module == "windlass" else _REFERENCE_MOST // clients
    with services_on_stores(side) as (running, _):
        asyncio.run(until_first_visible(running.url))
        load = Load(running.url, seconds, clients, most)
        sockets, lags = asyncio.run(_with_probes(load))
        batches = asyncio.run(load.rate(TASK_RUNS, in_requests))
        small = asyncio.run(load.rate(_SMALL, in_requests))
    name, target = "task-run events of stock clients", Target(at_least=5000, times=20)
    lag = f"{name}, sent to visible at that rate: p99"
    return [
        Figure(f"{name}, over websockets", sockets, "rows/s", target),
        Figure(lag, percentile(lags, 99), "s", Target(at_most=2)),
        Figure(f"{name}, in batches of {_BATCH}", batches, "rows/s", target),
        Figure(f"small events, in batches of {_BATCH}", small, "rows/s", Target(at_least=10_000)),
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """Clients that send for so many seconds, each at most so many events."""

    url: str
    seconds: float
    clients: int
    most: int | None

    async def rate(self, name: str, send: Send) -> float:
        """Events per second, from the first one sent until all that were accepted are visible."""
        run = await make_flow_run(self.url)
        made = [
            islice(
                shapes.small_events(name) if name == _SMALL else shapes.task_run_events(run),
                self.most,
            )
            for _ in range(self.clients)
        ]
        before, begun = await visible(self.url, name), time.perf_counter()
        until = begun + self.seconds
        sent = sum(await asyncio.gather(*(send(self.url, one, until) for one in made)))
        latest = time.perf_counter() + _PATIENCE
        while (seen := await visible(self.url, name) - before) < sent:
            if time.perf_counter() > latest:
                break
            await asyncio.sleep(0.1)
        return seen / (time.perf_counter() - begun)


async def over_sockets(url: str, made: Iterator[bytes], until: float) -> int:
    """Send events one by one until that time, acknowledged now and then; how many."""
    sent = 0
    async with EventSocket.open(url) as socket:
        while time.perf_counter() < until and (events := list(islice(made, _BATCH))):
            for event in events:
                await socket.send(event)
            async with asyncio.timeout(_PATIENCE):
                await socket.acknowledged()
            sent += len(events)
    return sent


async def in_requests(url: str, made: Iterator[bytes], until: float) -> int:
    """Send events in batches until that time; how many were accepted."""
    wire, sent = Wire(url), 0
    while time.perf_counter() < until and (events := list(islice(made, _BATCH))):
        try:
            status, _ = await wire.send("/events", b"[" + b",".join(events) + b"]")
        except (ConnectionError, asyncio.IncompleteReadError):
            wire.close()
            continue
        sent += len(events) if status < 400 else 0
    wire.close()
    return sent


async def until_first_visible(url: str) -> None:
    """Wait until the services beside the API take part: a first event is visible."""
    await in_requests(url, islice(shapes.small_events(_PROBE), 1), float("inf"))
    for _ in range(round(_TO_START / _PROBED_EVERY)):
        if await visible(url, _PROBE):
            return
        await asyncio.sleep(_PROBED_EVERY)
    raise RuntimeError(f"An event sent to {url} is not visible after {_TO_START:.0f} s.")


async def make_flow_run(url: str) -> str:
    """A flow run that task runs may belong to; its id."""
    wire = Wire(url)
    _, flow = await wire.post("/flows/", {"name": "reported"})
    _, run = await wire.post("/flow_runs/", {"flow_id": flow["id"]})
    wire.close()
    return run["id"]


async def visible(url: str, name: str) -> int:
    """How many events of this name, or that begin so, the filter API counts."""
    query = {"filter": {"event": {"prefix": [name]}}, "limit": 1}
    wire = Wire(url)
    status, found = await wire.post("/events/filter", query)
    wire.close()
    return found["total"] if status < 400 else 0


async def _with_probes(load: Load) -> tuple[float, list[float]]:
    """The rate over websockets, and the seconds until each of some single events was visible."""
    lags: list[float] = []
    probing = asyncio.create_task(_probe(load.url, lags))
    try:
        return await load.rate(TASK_RUNS, over_sockets), lags
    finally:
        if probing.done():
            probing.result()
        probing.cancel()
        await asyncio.wait([probing])


async def _probe(url: str, lags: list[float]) -> None:
    wire = Wire(url)
    try:
        async with EventSocket.open(url) as socket:
            while True:
                lags.append(0.0)
                await _lag(socket, wire, lags)
                await asyncio.sleep(_PROBED_EVERY)
    finally:
        wire.close()


async def _lag(socket: EventSocket, wire: Wire, lags: list[float]) -> None:
    """Send one event and look for it; the last of `lags` is what it took so far, should the load
    end before the event is seen."""
    probe = shapes.event(_PROBE, f"{_PROBE}.{uuid4()}")
    query = {"filter": {"id": {"id": [probe["id"]]}}, "limit": 1}
    begun = time.perf_counter()
    await socket.send(json.dumps(probe).encode())
    is_seen = False
    while not is_seen:
        _, found = await wire.post("/events/filter", query)
        lags[-1] = time.perf_counter() - begun
        is_seen = bool(found["total"])
        await asyncio.sleep(0.01)
