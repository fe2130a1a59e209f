"""Wake-ups of one pool for a worker that was given the address of the broker.

Its executable finds this by name: the two rooms do not import each other.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final
from uuid import UUID

from windlass.exceptions import SettingInvalid
from windlass_services.orchestration.channels import pool_channel
from windlass_services.streams.open import is_replicated, open_streams
from windlass_services.streams.protocol import Announcement, Streams

_SERVERS: Final = "WINDLASS_SERVER_BROKER_URL"


class PoolWakeUps:
    """What the broker announces for workers. Nothing is ever written to it."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    async def ping(self) -> None:
        """Return if the broker answers. Raises `BrokerUnavailable`."""
        await self._streams.ping()

    def listen(
        self, work_pool_id: UUID
    ) -> AbstractAsyncContextManager[AsyncIterator[Announcement]]:
        """One for each run of the pool that may have become free to start, or more.

        It never fails, and reconnects by itself.
        """
        return self._streams.listen([pool_channel(work_pool_id)])

    async def close(self) -> None:
        """Let go of every connection."""
        await self._streams.close()


def open_wakeups(url: str) -> PoolWakeUps:
    """The wake-ups of the broker that `WINDLASS_SERVER_BROKER_URL` of the server names.

    Connects at the first use. Raises `SettingInvalid`, and `BackendMissing` where a package is not
    installed.
    """
    if url and not is_replicated(url):
        raise SettingInvalid("A broker in memory is of one process, the server: name its Redis.")
    try:
        return PoolWakeUps(open_streams(url))
    except SettingInvalid as error:
        # It speaks of the setting of the server, which is not what was said wrong.
        raise SettingInvalid(str(error).replace(_SERVERS, "It", 1)) from error
