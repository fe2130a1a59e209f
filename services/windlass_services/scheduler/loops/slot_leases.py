"""Keep the slots of task runs that are running, and delete leases that are over."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.tag_slots import (
    delete_expired_leases,
    renew_leases_of_running_tasks,
)

_BATCH: Final = 500


def duty(services: ServiceContext) -> Duty | None:
    """As often as the settings say: well within the term of a lease."""
    settings = services.settings.server.services.repossessor
    if not settings.enabled:
        return None

    async def once() -> int:
        return await look_after_leases(services)

    return Duty("slot-leases", timedelta(seconds=settings.loop_seconds), once, busy_at=_BATCH)


async def look_after_leases(services: ServiceContext) -> int:
    """Do one pass; returns how many leases were renewed or deleted.

    Nobody waits for the deletion: who asks for slots ends the leases that are over by himself.
    """
    now = services.clock()
    async with services.database.write() as connection:
        renewed = await renew_leases_of_running_tasks(connection, now=now, limit=_BATCH)
        deleted = await delete_expired_leases(connection, now=now, limit=_BATCH)
    return max(renewed, deleted)
