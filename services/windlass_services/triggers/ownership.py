"""The partitions of this replica, held by leases that are rows."""

import logging
import time
from datetime import timedelta
from typing import Final

import anyio

from windlass.exceptions import ServerBusy
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.partition_leases import Member, beat, hold_partitions, leave

_log: Final = logging.getLogger(__name__)
_TERM: Final = timedelta(seconds=10)
_RENEW_AFTER: Final = 3.0
_PATIENCE: Final = 2.0
_GIVE_UP_AFTER: Final = 6.0
"""Seconds without a renewal: the next attempt might end after the leases do."""


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
        try:
            with anyio.fail_after(_PATIENCE):
                await self._renew()
        except (OSError, ServerBusy) as error:
            _log.warning("The leases of partitions are not renewed: %s", error)
            if time.monotonic() - self._renewed > _GIVE_UP_AFTER:
                self._owned = frozenset()
        return self._owned

    async def _renew(self) -> None:
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

    async def release(self) -> None:
        """Hand everything back at once."""
        async with self._services.database.write() as connection:
            await leave(connection, self._member)
