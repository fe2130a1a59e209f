"""Fail runs that were paused and not resumed in time."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Failed
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.overdue_runs import read_expired_pauses
from windlass_services.storage.scope import Scope

_BATCH: Final = 500


def duty(services: ServiceContext) -> Duty | None:
    """Find paused runs that are past the time to resume them."""
    settings = services.settings.server.services.pause_expirations
    if not settings.enabled:
        return None

    async def once() -> int:
        return await fail_expired_pauses(services)

    every = timedelta(seconds=settings.loop_seconds)
    return Duty("pause-expirations", every, once, busy_at=_BATCH)


async def fail_expired_pauses(services: ServiceContext) -> int:
    """Do one pass; returns how many pauses were over. A run that was resumed meanwhile goes on."""
    now = services.clock()
    async with services.database.read() as connection:
        expired = await read_expired_pauses(connection, Scope(), now=now, limit=_BATCH)
    for pause in expired:
        failed = Failed(
            id=uuid7(), now=now, message="The flow run was paused and not resumed in time."
        )
        await propose(services, pause, failed)
    return len(expired)
