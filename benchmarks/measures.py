"""What is measured, of either side. Each measure prints nothing and returns numbers."""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import lifecycles
from benchmarks.figures import Figure
from benchmarks.machine import memory, middle
from benchmarks.sides import RunningServer, Side

FLOWS: Final = Path(__file__).parent / "flows"
_PATIENCE: Final = 300.0


def version(side: Side, runs: int = 5) -> list[Figure]:
    """The time of `--version`, the process included."""
    with _home() as home:
        times = [
            _timed([str(side.command), "--version"], side.environment(home)) for _ in range(runs)
        ]
    return [Figure("`--version`", middle(times[1:]) * 1000, "ms")]


def first_line(side: Side, runs: int = 5) -> list[Figure]:
    """From the start of the interpreter to the first line of a body."""
    with _home() as home:
        first = _first_line(side, side.environment(home))
        alone = [_first_line(side, side.environment(home)) for _ in range(runs)]
    with _home() as home, side.server(home) as server:
        environment = side.environment(home, server.url)
        connected = [_first_line(side, environment) for _ in range(runs)]
    return [
        Figure("first line, server connected", middle(connected[1:]) * 1000, "ms"),
        Figure("first line, no API configured", middle(alone) * 1000, "ms"),
        Figure("first line, no API configured, first ever", first * 1000, "ms"),
    ]


def server(side: Side, runs: int = 3) -> list[Figure]:
    """`server start` to healthy on a new home, and the memory of the idle process."""
    started: list[float] = []
    resident: list[float] = []
    for _ in range(runs):
        with _home() as home, side.server(home) as running:
            started.append(running.started_in)
            time.sleep(3)
            resident.append(memory(running.pid, "Rss"))
    return [
        Figure("`server start` to healthy", middle(started), "s"),
        Figure("server, resident", middle(resident), "MB"),
    ]


def tasks(side: Side, count: int = 1000) -> list[Figure]:
    """Tasks that do nothing, from the first call in a flow to the end of the process, which comes
    after every report was acknowledged."""
    figures: list[Figure] = []
    with _home() as home, side.server(home) as running:
        for how, name in (("called", "no-op task called, drained"), ("mapped", "mapped, drained")):
            seconds = _tasks(side, home, running, how, count)
            if how == "called":
                figures.append(Figure(name, seconds / count * 1_000_000, "us each"))
            else:
                figures.append(Figure(f"{count} {name}", seconds, "s"))
    return figures


def api(side: Side, seconds: float = 10.0, clients: int = 16) -> list[Figure]:
    """Lifecycles through the API of the embedded server, SQLite."""
    with _home() as home, side.server(home) as running:
        outcome = asyncio.run(lifecycles.measure(running.url, clients=clients, seconds=seconds))
    return [
        Figure("lifecycles, SQLite, 16 clients", outcome.per_second, "/s"),
        Figure("lifecycles, SQLite: errors", outcome.errors, ""),
    ]


def _tasks(side: Side, home: Path, running: RunningServer, how: str, count: int) -> float:
    environment = side.environment(home, running.url, BENCH_HOW=how, BENCH_COUNT=str(count))
    output = _output([str(side.python), str(FLOWS / "tasks.py")], environment)
    ended = time.time()
    begun = float(output.split()[1])
    return ended - begun


def _first_line(side: Side, environment: dict[str, str]) -> float:
    environment = environment | {"BENCH_BEGUN": repr(time.time())}
    output = _output([str(side.python), str(FLOWS / "first_line.py")], environment)
    return float(output.split()[1])


def _output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    for line in done.stdout.splitlines():
        if line.startswith("BENCH "):
            return line
    raise RuntimeError(f"{command} printed no figure:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _timed(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, timeout=_PATIENCE, check=True)
    return time.perf_counter() - begun


@contextmanager
def _home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(os.path.realpath(folder))
