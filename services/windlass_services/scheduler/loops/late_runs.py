"""Mark runs late that nobody picked up in time."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.state_constructors import Late
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.hot.facts import Policy
from windlass_services.storage.overdue_runs import read_late_runs

_BATCH: Final = 500


def duty(services: ServiceContext) -> Duty | None:
    """Find scheduled runs that are past their time by more than the setting allows."""
    settings = services.settings.server.services.late_runs
    if not settings.enabled:
        return None

    async def once() -> int:
        return await mark_late_runs(services, after=settings.after_seconds)

    return Duty("late-runs", timedelta(seconds=settings.loop_seconds), once, busy_at=_BATCH)


async def mark_late_runs(services: ServiceContext, *, after: timedelta) -> int:
    """Do one pass; returns how many runs were late. One that was picked up meanwhile stays so."""
    now = services.clock()
    async with services.database.read() as connection:
        late = await read_late_runs(connection, due_before=now - after, limit=_BATCH)
    for run in late:
        marked = Late(id=uuid7(), now=now, scheduled_time=run.scheduled_time)
        await propose(services, run, marked, policy=Policy.LATE)
    return len(late)
