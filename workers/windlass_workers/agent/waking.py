"""Being woken by the broker itself, for as long as it answers."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeAlias
from uuid import UUID

import anyio
from anyio.abc import TaskStatus

from windlass.exceptions import ConfigurationError, WindlassError

_log: Final = logging.getLogger("windlass.workers")
_ASK_EVERY: Final = 5.0


class WakeUps(Protocol):
    """What the agent needs of a broker, which it does not know."""

    async def ping(self) -> None:
        """Return if the broker answers. Raises a `WindlassError`."""
        ...

    def listen(self, work_pool_id: UUID) -> AbstractAsyncContextManager[AsyncIterator[object]]:
        """One for each run of the pool that may have become free to start. Never fails."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...


OpenWakeUps: TypeAlias = Callable[[str], WakeUps]


class Waking:
    """Whether the broker answers, and whether it announced anything since the last look."""

    def __init__(self, wakeups: WakeUps) -> None:
        self.is_up = True
        self._wakeups = wakeups
        self._news = anyio.Event()

    @classmethod
    async def of(cls, url: str, open_wakeups: OpenWakeUps) -> "Waking":
        """Raises ConfigurationError where the broker cannot be reached, or not be spoken to."""
        wakeups = None
        try:
            wakeups = open_wakeups(url)
            await wakeups.ping()
        except WindlassError as error:
            if wakeups is not None:
                await wakeups.close()
            raise ConfigurationError(
                "The worker cannot be woken by the broker that --broker-url or"
                f" WINDLASS_WORKER_BROKER_URL names. {_sentence(error)} Give it the broker of the"
                " server, or leave it out: then it waits at the API."
            ) from error
        return cls(wakeups)

    def look(self) -> None:
        """Whatever is announced from now on is news."""
        self._news = anyio.Event()

    async def news(self, within: float) -> None:
        """Return when there is news, or after so many seconds, or when the broker went away."""
        with anyio.move_on_after(within):
            await self._news.wait()

    async def listen(self, work_pool_id: UUID, *, task_status: TaskStatus[None]) -> None:
        """Hear what is announced for a pool, until cancelled."""
        async with self._wakeups.listen(work_pool_id) as announcements:
            task_status.started()
            async for _ in announcements:
                self._news.set()

    async def watch(self) -> None:
        """See whether the broker is there, until cancelled."""
        while True:
            self._note(await self._problem())
            await anyio.sleep(_ASK_EVERY)

    async def close(self) -> None:
        """Let go of the broker."""
        await self._wakeups.close()

    async def _problem(self) -> WindlassError | None:
        try:
            await self._wakeups.ping()
        except WindlassError as error:
            return error
        return None

    def _note(self, problem: WindlassError | None) -> None:
        if problem is not None and self.is_up:
            _log.warning("%s The worker waits at the API meanwhile.", _sentence(problem))
            self._news.set()
        elif problem is None and not self.is_up:
            _log.info("The broker answers again")
        self.is_up = problem is None


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."
