"""Keep the clock of a process with that of the database."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.database_clock import DatabaseClock

_EVERY: Final = timedelta(seconds=10)
"""Quartz is off by a millisecond at most; a database that failed over may be off by more."""


def clock_duty(services: ServiceContext) -> Duty | None:
    """Compare again and again; None where there is no other process to differ from."""
    clock = services.clock
    if not isinstance(clock, DatabaseClock):
        return None

    async def once() -> int:
        await clock.compare(services.database)
        return 1

    return Duty("database-clock", _EVERY, once)
