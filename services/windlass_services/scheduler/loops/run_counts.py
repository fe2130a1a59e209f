"""Counts of runs are put together, so that adding them up stays short."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.run_counts import merge_run_counts

_EVERY: Final = timedelta(seconds=1)


def duty(services: ServiceContext) -> Duty:
    """The duty."""

    async def once() -> int:
        async with services.database.write() as connection:
            return await merge_run_counts(connection)

    return Duty("run-counts", _EVERY, once)
