"""The beat of an API replica: leases end only over time in which they could have been renewed."""

from datetime import timedelta

from windlass.ids import uuid7
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.api_beats import BEATS_PER_LEASE, beat_of_api


def beat_duty(services: ServiceContext) -> Duty:
    """Beat several times in the term of a lease."""
    replica = uuid7()
    lease = timedelta(seconds=services.settings.server.lease_seconds)

    async def once() -> int:
        async with services.database.write() as connection:
            await beat_of_api(connection, replica, now=services.clock(), lease=lease)
        return 1

    return Duty("api-beat", lease / BEATS_PER_LEASE, once)
