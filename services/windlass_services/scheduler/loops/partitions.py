"""Keep partitions of history ahead of time."""

from datetime import timedelta
from typing import Final

from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.partitions import ensure_partitions

_EVERY: Final = timedelta(hours=1)


def duty(services: ServiceContext) -> Duty | None:
    """Seven days ahead, looked at every hour; SQLite has no partitions."""
    if services.database.dialect != "postgresql":
        return None

    async def once() -> int:
        async with services.database.write() as connection:
            return len(await ensure_partitions(connection, services.clock().date()))

    return Duty("partitions", _EVERY, once)
