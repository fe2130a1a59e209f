"""What a consumer may have missed on the broker, read again from the table."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.consumers import read_progress, save_progress
from windlass_services.streams.consumer import TRANSIENT
from windlass_services.streams.keys import partition_of
from windlass_services.triggers.received import as_sent, pages_received

Handle: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], Awaitable[None]]
Begins: TypeAlias = Callable[[], Awaitable[datetime | None]]
"""Since when there has been something to handle; None: there is nothing."""

_log: Final = logging.getLogger(__name__)
_OVERLAP: Final = timedelta(seconds=60)
_SAVE_EVERY: Final = timedelta(seconds=10)
_CLOCKS_DIFFER: Final = timedelta(seconds=1)
"""Those of the processes by which events are received; they go by the database's."""


class TableReplay:
    """Hands the events of some partitions to a handler again, from where its group had finished.

    The overlap covers transactions that were under way when the progress was saved; the handler
    is idempotent, so it costs work only.
    """

    def __init__(
        self,
        services: ServiceContext,
        topic: str,
        group: str,
        handle: Handle,
        begins: Begins | None = None,
    ) -> None:
        """`begins`: None, if everything that was ever received is to be handled."""
        self._services = services
        self._topic = topic
        self._group = group
        self._handle = handle
        self._begins = begins or _at_the_beginning
        self.finished_until: Mapping[int, datetime] = {}
        """What of each partition here is done; saved every few seconds by `progress_duty`."""

    async def __call__(self, partitions: frozenset[int]) -> None:
        """Handle what these partitions may have lost.

        Not what comes meanwhile: its messages do, too, or are the next loss.
        """
        until = self._services.clock() + _CLOCKS_DIFFER
        since = await self._since(partitions)
        if since is None:
            return
        _log.info("Group %s reads the table again from %s", self._group, since.isoformat())
        async for page in pages_received(self._services.database, since, until=until):
            ours = [row for row in page if _partition(row) in partitions]
            await self._hand_over([as_sent(row) for row in ours])

    def progress_duty(self) -> Duty:
        """Save how far the consumer has come."""
        return Duty(f"{self._group}-progress", _SAVE_EVERY, self._save)

    async def _hand_over(self, events: Sequence[Mapping[str, Any]]) -> None:
        try:
            await self._handle(events)
        except TRANSIENT:
            raise
        except Exception as error:
            if len(events) > 1:
                for event in events:
                    await self._hand_over([event])
            else:
                # It would come again with every replay: it must not stop the others.
                _log.error("Event %s failed and is passed over: %s", events[0]["id"], error)

    async def _save(self) -> int:
        if not self.finished_until:
            return 0
        async with self._services.database.write() as connection:
            await save_progress(connection, self._topic, self._group, self.finished_until)
        return 1

    async def _since(self, partitions: frozenset[int]) -> datetime | None:
        begins = await self._begins()
        async with self._services.database.read() as connection:
            finished = await read_progress(connection, self._topic, self._group, partitions)
        if begins is None or finished is None:
            return begins
        return max(begins, finished - _OVERLAP)


async def _at_the_beginning() -> datetime:
    return datetime(1970, 1, 2, tzinfo=UTC)


def _partition(row: Mapping[str, Any]) -> int:
    return partition_of(row["resource"]["prefect.resource.id"])
