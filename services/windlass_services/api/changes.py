"""One request, one transaction; what it announces goes with it, and out only after the commit."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from windlass.clock import Clock
from windlass.ids import uuid7
from windlass_services.events.intake import announce
from windlass_services.events.work_statuses import work_status_event
from windlass_services.orchestration.channels import SCHEDULES_CHANGED, pool_channel
from windlass_services.storage.database import Connection, Database
from windlass_services.storage.event_rows import insert_event_rows
from windlass_services.storage.scope import Scope
from windlass_services.storage.statuses import StatusChange
from windlass_services.streams.protocol import Streams
from windlass_services.streams.publisher import Publisher


class Opened(Protocol):
    """What a transaction and its announcements need of a process."""

    @property
    def database(self) -> Database: ...
    @property
    def streams(self) -> Streams: ...
    @property
    def publisher(self) -> Publisher: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(slots=True)
class Change:
    """The transaction of a request, and whom to tell about it."""

    connection: Connection
    statuses: list[StatusChange] = field(default_factory=list[StatusChange])
    """Become events, stored in the transaction."""
    pools_to_wake: set[UUID] = field(default_factory=set[UUID])
    """Pools of which a run may have become free to start."""
    schedules_changed: bool = False
    """Whether the scheduler should look now, not at its next pass."""

    def wake(self, work_pool_id: UUID | None) -> None:
        """Wake the workers of a pool, if there is one."""
        if work_pool_id is not None:
            self.pools_to_wake.add(work_pool_id)


@asynccontextmanager
async def changing(context: Opened, scope: Scope) -> AsyncGenerator[Change]:
    """A transaction that is committed when the block ends, and then announced."""
    async with context.database.write() as connection:
        change = Change(connection)
        yield change
        now = context.clock()
        events = [work_status_event(status, uuid7(), now) for status in change.statuses]
        await insert_event_rows(connection, scope.workspace_id, events)
    if events:
        await announce(context.publisher, events)
    await _wake(context, change.pools_to_wake)
    if change.schedules_changed:
        await context.streams.announce(SCHEDULES_CHANGED)


async def _wake(context: Opened, work_pool_ids: Iterable[UUID]) -> None:
    for work_pool_id in work_pool_ids:
        await context.streams.announce(pool_channel(work_pool_id))
