"""Cancel runs whose cancellation nobody saw through in time."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Cancelled
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.overdue_runs import read_overdue_cancellations
from windlass_services.storage.scope import Scope

_BATCH: Final = 500
_EVERY: Final = timedelta(seconds=2)


def duty(services: ServiceContext) -> Duty | None:
    """Look every two seconds: what a run holds is free soon after its deadline."""

    async def once() -> int:
        return await end_overdue_cancellations(services)

    return Duty("overdue-cancellations", _EVERY, once, busy_at=_BATCH)


async def end_overdue_cancellations(services: ServiceContext) -> int:
    """Do one pass; returns how many runs were CANCELLING for too long.

    What may still run of them is torn down: that is noted with the end of the execution.
    """
    now = services.clock()
    patience = timedelta(seconds=services.settings.server.cancel_deadline_seconds)
    async with services.database.read() as connection:
        overdue = await read_overdue_cancellations(
            connection, Scope(), cancelled_before=now - patience, limit=_BATCH
        )
    message = (
        f"The run did not end within {patience.total_seconds():g} seconds of being cancelled:"
        " what may be left of it is torn down."
    )
    for run in overdue:
        await propose(services, run, Cancelled(id=uuid7(), now=now, message=message))
    return len(overdue)
