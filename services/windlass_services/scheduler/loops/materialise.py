"""Make the runs of schedules ahead of their time."""

from datetime import timedelta

from windlass_services.orchestration.channels import SCHEDULES_CHANGED
from windlass_services.orchestration.context import ServiceContext
from windlass_services.orchestration.horizon import Horizon
from windlass_services.orchestration.scheduling import Materialiser
from windlass_services.runtime.loop import Duty


def duty(services: ServiceContext) -> Duty | None:
    """Look for schedules that are due for a look; the search reads an index of those alone."""
    settings = services.settings.server.services.scheduler
    if not settings.enabled:
        return None
    materialiser = Materialiser(
        services.database,
        services.orchestrator,
        Horizon(
            fewest_runs=settings.min_runs,
            most_runs=settings.max_runs,
            shortest=settings.min_scheduled_time,
            longest=settings.max_scheduled_time,
        ),
        batch=settings.deployment_batch_size,
        insert_batch=settings.insert_batch_size,
    )

    async def once() -> int:
        return await materialiser.once(services.clock())

    async def changed() -> None:
        async with services.streams.listen([SCHEDULES_CHANGED]) as announcements:
            async for _ in announcements:
                return

    every = timedelta(seconds=settings.recent_deployments_loop_seconds)
    return Duty("materialise", every, once, busy_at=settings.deployment_batch_size, wake=changed)
