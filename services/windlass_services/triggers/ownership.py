"""The partitions of this replica, held by leases that are rows."""

import time
from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.partition_leases import Member, beat, hold_partitions, leave

_TERM: Final = timedelta(seconds=10)
_RENEW_AFTER: Final = 3.0


class LeasedPartitions:
    """A fair share of a topic's partitions, renewed every few seconds.

    A replica that dies loses them after ten seconds; one that cannot reach the database stops
    consuming before its leases expire.
    """

    def __init__(self, services: ServiceContext, topic: str, group: str) -> None:
        self._services = services
        self._member = Member(services.instance_id, "triggers", topic, group)
        self._started_at = services.clock()
        self._owned: frozenset[int] = frozenset()
        self._renewed = float("-inf")

    async def owned(self) -> frozenset[int]:
        """What is ours now; asks the database when the last answer is three seconds old."""
        if time.monotonic() - self._renewed < _RENEW_AFTER:
            return self._owned
        if time.monotonic() - self._renewed > _TERM.total_seconds():
            self._owned = frozenset()
        asked = time.monotonic()
        now = self._services.clock()
        async with self._services.database.write() as connection:
            await beat(connection, self._member, started_at=self._started_at, now=now)
            self._owned = await hold_partitions(
                connection,
                self._member,
                partitions=self._services.streams.partitions,
                now=now,
                term=_TERM,
            )
        self._renewed = asked
        return self._owned

    async def release(self) -> None:
        """Hand everything back at once."""
        async with self._services.database.write() as connection:
            await leave(connection, self._member)
