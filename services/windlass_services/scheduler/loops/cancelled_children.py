"""Cancel what cancelled flow runs have called: their children, and the children of those."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Cancelling
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.cancelled_children import read_children_to_cancel
from windlass_services.storage.scope import Scope

_BATCH: Final = 200
_EVERY: Final = timedelta(seconds=2)
_MESSAGE: Final = "The flow run that called it is being cancelled."


def duty(services: ServiceContext) -> Duty | None:
    """Look every two seconds, and at once again after each generation."""
    if not services.settings.server.services.cancellation_cleanup.enabled:
        return None

    async def once() -> int:
        return await cancel_children(services)

    return Duty("cancelled-children", _EVERY, once, busy_at=1)


async def cancel_children(services: ServiceContext) -> int:
    """Do one pass, over one generation; returns how many runs were cancelled.

    The rules decide as if a person had asked: what has not begun is cancelled at once.
    """
    now = services.clock()
    async with services.database.read() as connection:
        children = await read_children_to_cancel(connection, Scope(), limit=_BATCH)
    moved = 0
    for child in children:
        moved += await propose(services, child, Cancelling(id=uuid7(), now=now, message=_MESSAGE))
    return moved
