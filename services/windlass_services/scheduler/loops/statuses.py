"""Take back the statuses of workers, pools, queues and deployments that nobody confirmed."""

from datetime import timedelta

from windlass.ids import uuid7
from windlass_services.events.intake import announce
from windlass_services.events.work_statuses import work_status_event
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.event_rows import insert_event_rows
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import Silence, expire_statuses


def duty(services: ServiceContext) -> Duty | None:
    """Look as often as the setting says; each change of a status becomes an event."""
    settings = services.settings.server.services.foreman
    if not settings.enabled:
        return None

    allowed = Silence(
        work_queue=timedelta(seconds=settings.work_queue_last_polled_timeout_seconds),
        deployment=timedelta(seconds=settings.deployment_last_polled_timeout_seconds),
        heartbeat_interval=timedelta(seconds=settings.fallback_heartbeat_interval_seconds),
        missed_heartbeats=settings.inactivity_heartbeat_multiple,
    )

    async def once() -> int:
        return await take_back_statuses(services, allowed)

    return Duty("statuses", timedelta(seconds=settings.loop_seconds), once)


async def take_back_statuses(services: ServiceContext, allowed: Silence) -> int:
    """Do one pass; returns how many statuses changed."""
    now = services.clock()
    async with services.database.write() as connection:
        changes = await expire_statuses(connection, now, allowed)
        events = [work_status_event(change, uuid7(), now) for change in changes]
        await insert_event_rows(connection, Scope().workspace_id, events)
    if events:
        await announce(services.publisher, events)
    return len(changes)
