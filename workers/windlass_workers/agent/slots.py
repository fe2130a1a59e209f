"""The runs under way. How many there are is the one truth that the limit goes by."""

from dataclasses import dataclass
from typing import Final

import anyio

from windlass.schemas.executions import ClaimedRun, Handle

MOST_AT_ONCE: Final = 50
"""How many runs are asked for in one claim where there is no limit."""


@dataclass(slots=True)
class LiveRun:
    """A run under way. It has a handle once its infrastructure was started.

    `stop_reason` says why it is being stopped, if it is.
    """

    claimed: ClaimedRun
    handle: Handle | None = None
    stop_reason: str | None = None


class Slots:
    """The runs under way, by execution id, and room for more of them."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.live: dict[str, LiveRun] = {}
        self._changed = anyio.Event()

    @property
    def free(self) -> int:
        """How many more runs may be taken now."""
        return MOST_AT_ONCE if self.limit is None else max(self.limit - len(self.live), 0)

    def take(self, run: LiveRun) -> None:
        """This run is under way from now on."""
        self.live[run.claimed.execution_id] = run

    def release(self, run: LiveRun) -> None:
        """This run is over. May be repeated."""
        self.live.pop(run.claimed.execution_id, None)
        self._changed.set()
        self._changed = anyio.Event()

    async def until_free(self) -> None:
        """Return when there is room for a run."""
        while not self.free:
            await self._changed.wait()

    async def until_empty(self) -> None:
        """Return when no run is under way."""
        while self.live:
            await self._changed.wait()
