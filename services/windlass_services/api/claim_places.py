"""Where claims look for runs: the pool and the queues that a worker names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from windlass_services.api.changes import Opened, changing
from windlass_services.api.recorded_polls import record_queue_polls
from windlass_services.api.worker_traffic import Place
from windlass_services.orchestration.shared_reads import SharedReads
from windlass_services.storage.ensured_queues import ensure_work_queue
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import read_work_pool
from windlass_services.storage.work_queues import read_queues_of_pool

_REMEMBERED: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClaimPlace:
    """A pool, and those of its queues that were named; None stands for all of them."""

    work_pool_id: UUID
    work_queue_ids: Sequence[UUID] | None
    work_pool_updated: datetime | None


class ClaimPlaces:
    """One per API process. Workers that wait ask for the same place all day: what was read is good
    for a second, so that their number costs no reads.

    Nothing is decided by what is remembered: a claim is refused by the rows.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._reads: SharedReads[ClaimPlace] = SharedReads()
        self._found: dict[Place, _Found] = {}

    async def find(
        self, scope: Scope, work_pool_name: str, work_queue_names: Sequence[str] | None
    ) -> ClaimPlace:
        """The place of these names; a queue that is named for the first time is made.

        Being asked for makes the queues ready. Raises `ObjectNotFound` for the pool.
        """
        names = tuple(work_queue_names) if work_queue_names else None
        named = (scope, work_pool_name, names)
        now = self._opened.clock()
        found = self._found.get(named)
        if found is not None and found.is_fresh(now):
            return found.place
        return await self._reads.read(named, lambda: self._read(named, now))

    def forget(self, work_pool_id: UUID) -> None:
        """This pool is not there any more; there may be another one of its name."""
        self._found = {
            named: found
            for named, found in self._found.items()
            if found.place.work_pool_id != work_pool_id
        }

    async def _read(self, named: Place, now: datetime) -> ClaimPlace:
        scope, pool_name, names = named
        async with self._opened.database.read() as connection:
            pool = await read_work_pool(connection, scope, pool_name)
            queues = await read_queues_of_pool(connection, scope, pool, names)
        missing = set(names or ()) - {queue.name for queue in queues}
        if missing:
            async with changing(self._opened, scope) as change:
                for name in sorted(missing):
                    queues.append(
                        await ensure_work_queue(change.connection, scope, pool_name, name, now=now)
                    )
        await record_queue_polls(self._opened, scope, queues, now)
        queue_ids = [queue.id for queue in queues] if names else None
        place = ClaimPlace(pool.id, queue_ids, pool.updated)
        fresh = {other: found for other, found in self._found.items() if found.is_fresh(now)}
        self._found = fresh | {named: _Found(place, now)}
        return place


@dataclass(frozen=True, slots=True)
class _Found:
    place: ClaimPlace
    at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return now - self.at < _REMEMBERED
