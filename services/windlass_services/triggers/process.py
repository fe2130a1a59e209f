"""The event-trigger service as a part of a process: the relay and every durable consumer."""

from datetime import datetime, timedelta
from typing import Final

import anyio

from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import perform
from windlass_services.streams.consumer import Consumer
from windlass_services.streams.ownership import Ownership, OwnsAll
from windlass_services.triggers import recorder
from windlass_services.triggers.ownership import LeasedPartitions
from windlass_services.triggers.relay import relay_duty
from windlass_services.triggers.replay import TableReplay
from windlass_services.triggers.republish import republish_duty

_SILENCE: Final = timedelta(seconds=60)
_HAND_BACK: Final = 5.0


async def run_triggers(services: ServiceContext) -> None:
    """Relay and consume until cancelled; then hand the partitions back."""
    leased = LeasedPartitions(services, EVENTS_TOPIC, recorder.GROUP)
    owner: Ownership = leased if services.streams.replicated else OwnsAll()
    record = recorder.Recorder(services)
    replay = TableReplay(services, EVENTS_TOPIC, recorder.GROUP, record.record)
    services.pulse.expect(recorder.GROUP, _SILENCE)

    def note_progress(least_successful: datetime) -> None:
        replay.finished_until = least_successful
        if services.clock() - least_successful < _SILENCE:
            services.pulse.beat(recorder.GROUP)

    async def sweeps() -> bool:
        return 0 in await owner.owned()  # one replica, and its successor

    consumer = Consumer(
        streams=services.streams,
        topic=EVENTS_TOPIC,
        group=recorder.GROUP,
        name=str(services.instance_id),
        owner=owner,
        handler=record,
        replay=replay,
        progress=note_progress,
    )
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(perform, relay_duty(services), services.pulse)
            tasks.start_soon(perform, replay.progress_duty(), services.pulse)
            tasks.start_soon(perform, republish_duty(services, sweeps), services.pulse)
            tasks.start_soon(consumer.run)
    finally:
        if owner is leased:
            with anyio.move_on_after(_HAND_BACK, shield=True):
                await leased.release()
