"""Emptying the database while services run on it."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.tables import (
    configuration,
    consumer_progress,
    metadata,
    partition_lease,
    run_count,
    service_beat,
)

_OF_THE_SERVICES: Final = frozenset(
    {configuration, consumer_progress, partition_lease, run_count, service_beat}
)
"""Counts of runs among them: the triggers count what is deleted."""


async def clear_database(connection: AsyncConnection) -> None:
    """Delete every row but those by which the services know each other."""
    for table in reversed(metadata.sorted_tables):
        if table not in _OF_THE_SERVICES:
            await connection.execute(sa.delete(table))
