"""A durable group of consumers of events: its partitions here, how far it came, what it missed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import anyio

from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.streams.consumer import Consumer
from windlass_services.streams.handover import Handler
from windlass_services.streams.ownership import Ownership, OwnsAll
from windlass_services.streams.protocol import PARTITIONS
from windlass_services.triggers.ownership import LeasedPartitions
from windlass_services.triggers.replay import Begins, Handle, TableReplay

_SILENCE: Final = timedelta(seconds=60)
_HAND_BACK: Final = 5.0


class DurableGroup:
    """The part that this process has in the work of one group."""

    def __init__(
        self, services: ServiceContext, group: str, handle: Handle, begins: Begins | None = None
    ) -> None:
        """`handle` does again, from the table, the events that the broker may have lost; `begins`
        says since when there has been something to do, by default from the first event on."""
        self._services = services
        self._group = group
        self._leased = LeasedPartitions(services, EVENTS_TOPIC, group)
        self.owner: Ownership = self._leased if services.streams.replicated else OwnsAll()
        self.replay = TableReplay(services, EVENTS_TOPIC, group, handle, begins)
        services.pulse.expect(group, _SILENCE)

    def note_progress(
        self, least_successful: datetime, finished_until: Mapping[int, datetime]
    ) -> None:
        """How this process comes along, and how far each partition of it is."""
        self.replay.finished_until = dict(finished_until)
        if self._services.clock() - least_successful < _SILENCE:
            self._services.pulse.beat(self._group)

    def skip_until(self, moment: datetime) -> None:
        """What was received before then is to be handled by nobody."""
        self.note_progress(moment, dict.fromkeys(range(PARTITIONS), moment))

    async def consume(self, handler: Handler) -> None:
        """Hand over what comes until cancelled; then give the partitions back."""
        consumer = Consumer(
            streams=self._services.streams,
            topic=EVENTS_TOPIC,
            group=self._group,
            name=str(self._services.instance_id),
            owner=self.owner,
            handler=handler,
            replay=self.replay,
            progress=self.note_progress,
            clock=self._services.clock,
        )
        try:
            await consumer.run()
        finally:
            if self.owner is self._leased:
                with anyio.move_on_after(_HAND_BACK, shield=True):
                    await self._leased.release()
