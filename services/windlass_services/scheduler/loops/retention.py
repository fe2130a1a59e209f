"""Forget history that was kept for as long as the settings say."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from windlass.settings import Settings
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.retention import HistoryTable, forget_days
from windlass_services.storage.tables import event, flow_run_state, log, task_run_state

_BATCH: Final = 5_000
_EVERY: Final = timedelta(minutes=10)


def duty(services: ServiceContext) -> Duty | None:
    """Every ten minutes, and at once again while there is more than a batch of rows to delete."""

    async def once() -> int:
        return await forget_history(services)

    return Duty("retention", _EVERY, once, busy_at=_BATCH)


async def forget_history(services: ServiceContext) -> int:
    """Do one pass; returns the most that was done on one table."""
    today = services.clock().date()
    done = [
        await forget_days(services.database, table, oldest, limit=_BATCH)
        for table, oldest in _first_days_kept(services.settings, today)
    ]
    return max(done, default=0)


def _first_days_kept(settings: Settings, today: date) -> Iterator[tuple[HistoryTable, date]]:
    """The oldest day that is kept of each table that is not kept for good."""
    server = settings.server
    for table, period in (
        (event, server.events.retention_period),
        (log, server.logs.retention_period),
        (flow_run_state, server.states.retention_period),
        (task_run_state, server.states.retention_period),
    ):
        if period:
            yield table, today - max(period, timedelta(days=1))
