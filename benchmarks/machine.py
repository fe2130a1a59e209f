"""What benchmarks ask of the machine: ports, memory, health, and medians."""

import socket
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import psutil


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_healthy(url: str, path: str = "health") -> bool:
    """Whether the API at this URL answers, or what is asked by another path."""
    try:
        with urllib.request.urlopen(f"{url}/{path}", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def memory(pid: int | str, kind: str) -> float:
    """Megabytes of one process: `Rss` resident, `Pss` proportional (shared pages by share)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(kind)


def processor_seconds(pid: int) -> float:
    """What a process and all below it have computed so far."""
    times = [process.cpu_times() for process in _family(pid)]
    return sum(time.user + time.system for time in times)


def resident(pid: int) -> float:
    """Megabytes of a process and all below it."""
    return sum(process.memory_info().rss for process in _family(pid)) / 2**20


def _family(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return median(values)


def description() -> str:
    """Processor, cores and memory, in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    cores = Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1
    return f"{model}, {cores} cores, {kilobytes // 2**20} GiB"
