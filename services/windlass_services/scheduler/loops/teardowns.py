"""Set aside teardowns that no worker could do."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.teardowns import give_up_teardowns

_EVERY: Final = timedelta(minutes=1)


def duty(services: ServiceContext) -> Duty | None:
    """Now and then: it is about hours."""

    async def once() -> int:
        return await set_aside_teardowns(services)

    return Duty("teardowns", _EVERY, once)


async def set_aside_teardowns(services: ServiceContext) -> int:
    """Do one pass; returns how many became dead letters."""
    async with services.database.write() as connection:
        return await give_up_teardowns(connection, now=services.clock())
