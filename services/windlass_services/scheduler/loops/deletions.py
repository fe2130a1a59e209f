"""Clear what was of deleted objects, a part at a time."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.deletions import clear_more

_EVERY: Final = timedelta(seconds=2)


def duty(services: ServiceContext) -> Duty | None:
    """One part in a pass, and at once the next while there are more: each is a transaction."""

    async def once() -> int:
        return await clear_deleted(services)

    return Duty("deletions", _EVERY, once, busy_at=1)


async def clear_deleted(services: ServiceContext) -> int:
    """Do one pass; returns 1 if there was something to clear."""
    async with services.database.write() as connection:
        return int(await clear_more(connection, now=services.clock()))
