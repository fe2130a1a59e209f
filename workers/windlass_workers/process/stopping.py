"""To end a run with everything that it started."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import anyio

from windlass_workers.process.processes import Known, family

_FIRST_LOOK: Final = 0.01
_LONGEST_LOOK: Final = 0.5


async def stop_family(
    leader: Known, marker: str, grace: timedelta, *, has_number: bool = True
) -> None:
    """Send SIGTERM, after `grace` SIGKILL, and return when nobody is left; see `family`."""
    members = partial(family, leader, marker, has_number=has_number)
    told: set[int] = set()
    with anyio.move_on_after(grace.total_seconds()):
        await _signal_until_gone(members, signal.SIGTERM, told)
        return
    # Whoever is born meanwhile is found in the next round.
    await _signal_until_gone(members, signal.SIGKILL, None)


async def _signal_until_gone(
    look: Callable[[], set[int]], number: signal.Signals, told: set[int] | None
) -> None:
    """Signal each one again and again, or once where those who were told are remembered."""
    pause = _FIRST_LOOK
    while members := look():
        for pid in members - (told or set()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if told is not None:
            told |= members
        await anyio.sleep(pause)
        pause = min(pause * 2, _LONGEST_LOOK)
