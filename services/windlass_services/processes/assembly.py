"""Open what a process needs, and close it again in the reverse order."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from windlass.exceptions import ReplicaRefused
from windlass.ids import uuid7
from windlass.settings import Settings
from windlass_services.orchestration.channels import TASK_RUNS_SCHEDULED, pool_channel
from windlass_services.orchestration.context import ServiceContext
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.runtime.pulse import Pulse
from windlass_services.storage.addresses import SETTING, SqliteAddress, parse_database_url
from windlass_services.storage.database_clock import DatabaseClock, clock_over
from windlass_services.storage.open import open_database
from windlass_services.streams.open import is_replicated, open_streams
from windlass_services.streams.publisher import Publisher

BROKER_OF_ONE: Final = (
    "A broker in memory serves one process only, and this one would be another replica."
    " Set WINDLASS_SERVER_BROKER_URL to a Redis (redis://host:6379/0) for every service, or"
    " run everything in one process with `windlass server start`."
)
_DATABASE_OF_ONE: Final = (
    "An SQLite database serves one process only, and these would be several."
    f" Set {SETTING} to a PostgreSQL (postgresql+asyncpg://user:password@host/name), or"
    " run everything in one process with `windlass server start`."
)


def terms_from(settings: Settings) -> Terms:
    """The durations that rules need, from the settings."""
    server = settings.server
    return Terms(
        lease=timedelta(seconds=server.lease_seconds),
        start_deadline=timedelta(seconds=server.polled_start_deadline_seconds),
        deployment_slot_wait=timedelta(seconds=server.deployments.concurrency_slot_wait_seconds),
        tag_slot_wait=timedelta(seconds=server.tasks.tag_concurrency_slot_wait_seconds),
        cancel_deadline=timedelta(seconds=server.cancel_deadline_seconds),
    )


def require_shared_stores(settings: Settings) -> None:
    """Raise `ReplicaRefused` where several processes cannot work on the same data."""
    if not is_replicated(settings.server.broker_url):
        raise ReplicaRefused(BROKER_OF_ONE)
    if isinstance(parse_database_url(settings.server.database.connection_url), SqliteAddress):
        raise ReplicaRefused(_DATABASE_OF_ONE)


@asynccontextmanager
async def assembled(settings: Settings, *, alone: bool) -> AsyncGenerator[ServiceContext]:
    """Open the database and the broker. `alone`: this process is the whole control plane.

    Raises `ReplicaRefused` when the broker lives in one process and this one is not alone.
    """
    if not alone and not is_replicated(settings.server.broker_url):
        raise ReplicaRefused(BROKER_OF_ONE)
    streams = open_streams(settings.server.broker_url)
    terms = terms_from(settings)
    clock = clock_over(settings.server.database.connection_url)
    database = await open_database(
        settings.server.database.connection_url,
        govern=make_govern(terms),
        clock=clock,
        create=settings.server.database.migrate_on_start,
        patience=timedelta(seconds=settings.server.database.timeout),
        connecting=timedelta(seconds=settings.server.database.connection_timeout),
    )

    async def wake(work_pool_id: UUID) -> None:
        await streams.announce(pool_channel(work_pool_id))

    async def wake_task_workers(task_key: str) -> None:
        await streams.announce(TASK_RUNS_SCHEDULED, task_key)

    publisher = Publisher(streams)
    try:
        if isinstance(clock, DatabaseClock):
            await clock.compare(database)
        yield ServiceContext(
            instance_id=uuid7(),
            database=database,
            streams=streams,
            publisher=publisher,
            orchestrator=Orchestrator(
                database,
                clock=clock,
                terms=terms,
                wake=wake,
                wake_task_workers=wake_task_workers,
            ),
            settings=settings,
            clock=clock,
            pulse=Pulse(),
        )
    finally:
        await publisher.close()
        await streams.close()
        await database.close()
