"""The event-trigger service as a part of a process: the relay and every durable consumer."""

import anyio

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import perform
from windlass_services.triggers import recorder
from windlass_services.triggers.durable import DurableGroup
from windlass_services.triggers.evaluator import run_evaluator
from windlass_services.triggers.relay import relay_duty
from windlass_services.triggers.republish import republish_duty


async def run_triggers(services: ServiceContext) -> None:
    """Relay and consume until cancelled; then end what is under way, and give partitions back."""
    record = recorder.Recorder(services)
    recording = DurableGroup(services, recorder.GROUP, record.record)

    async def sweeps() -> bool:
        return 0 in await recording.owner.owned()  # one replica, and its successor

    pulse, grace = services.pulse, services.grace
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, relay_duty(services), pulse, grace)
        tasks.start_soon(perform, recording.replay.progress_duty(), pulse, grace)
        tasks.start_soon(perform, republish_duty(services, sweeps), pulse, grace)
        tasks.start_soon(recording.consume, record)
        tasks.start_soon(run_evaluator, services)
