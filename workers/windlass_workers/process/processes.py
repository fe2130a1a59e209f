"""What the kernel says about processes: who a process is, whether it is there, and its family.

Where there is no /proc, a process is known by its number alone, and its family by its group.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

_PROC: Final = Path("/proc")
HAS_PROC: Final = sys.platform == "linux"
"""Whether this is Linux: what it says about processes is what the rest stands on."""
_POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Known:
    """A process. `start_time`, in ticks since boot, tells it from a later one of this number."""

    pid: int
    start_time: int | None = None


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of /proc/<pid>/stat that matter here."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start_time: int

    @property
    def is_over(self) -> bool:
        """A zombie holds nothing but its exit status."""
        return self.state in "ZX"


def read_stat(pid: int) -> Stat | None:
    """None when there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name of the program, in parentheses, may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return Stat(pid, fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def know(pid: int) -> Known:
    """The process of this number, as it can be recognised later."""
    stat = read_stat(pid) if HAS_PROC else None
    return Known(pid, stat.start_time if stat else None)


def is_alive(process: Known) -> bool:
    """Whether this very process still runs."""
    if HAS_PROC:
        stat = read_stat(process.pid)
        if stat is None or stat.is_over:
            return False
        return process.start_time in (None, stat.start_time)
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


async def until_over(process: Known) -> None:
    """Return when this process has ended; it need not be a child of ours."""
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return
        try:
            # Opened first, asked second: from here on the descriptor cannot be of a later process.
            if is_alive(process):
                await anyio.wait_readable(descriptor)
        finally:
            os.close(descriptor)
    else:
        while True:
            if not is_alive(process):
                return
            await anyio.sleep(_POLL_SECONDS)


def family(leader: Known, marker: str, *, has_number: bool = True) -> set[int]:
    """Every living process that belongs to the run that `leader` leads, itself included.

    They are its descendants, whoever is in its session, and whoever carries `marker` in the
    environment that it was started with: a daemon that left the session keeps that. The last alone
    counts where the number of the leader may be somebody else's by now (`has_number` false).
    """
    if not HAS_PROC:
        return {leader.pid} if has_number and is_alive(leader) else set()
    everyone = {stat.pid: stat for stat in _everyone() if not stat.is_over}
    there = everyone.get(leader.pid)
    same = there is None or leader.start_time in (None, there.start_time)
    ours = has_number and same
    members = {
        pid
        for pid, stat in everyone.items()
        # No new process is given a number that is still the number of a session.
        if (ours and leader.pid in (pid, stat.session)) or _carries(pid, marker)
    }
    return members | _descendants(members, everyone)


def oom_kills() -> int | None:
    """How many processes of this machine its kernel has killed for want of memory."""
    try:
        lines = (_PROC / "vmstat").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def _everyone() -> Iterator[Stat]:
    for entry in os.listdir(_PROC):
        if entry.isdecimal() and (stat := read_stat(int(entry))):
            yield stat


def _carries(pid: int, marker: str) -> bool:
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return marker.encode() in environment.split(b"\0")


def _descendants(roots: set[int], everyone: dict[int, Stat]) -> set[int]:
    found: set[int] = set()
    fresh = set(roots)
    while fresh:
        fresh = {pid for pid, stat in everyone.items() if stat.parent in fresh} - found - roots
        found |= fresh
    return found
