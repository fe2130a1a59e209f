"""The scheduler as a part of a process: every duty of the catalogue, side by side."""

import anyio

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import perform
from windlass_services.scheduler.loops import LOOPS


async def run_scheduler(services: ServiceContext) -> None:
    """Perform every enabled duty until cancelled; what is under way then comes to its end."""
    async with anyio.create_task_group() as tasks:
        for make_duty in LOOPS:
            duty = make_duty(services)
            if duty is not None:
                tasks.start_soon(perform, duty, services.pulse, services.grace)
