"""What a process that publishes says of itself: that it is there, and what it owes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

import anyio

from windlass.exceptions import ServerBusy
from windlass.ids import uuid7
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty, perform
from windlass_services.storage.unpublished import (
    beat_of_publisher,
    end_of_publisher,
    note_unpublished,
)

PUBLISHER_BEAT: Final = timedelta(seconds=5)
_LAST_WORD: Final = 3.0


@asynccontextmanager
async def publishing(services: ServiceContext) -> AsyncGenerator[None]:
    """Around everything that publishes: who does not say at the end that it is over has died."""
    publisher = uuid7()

    async def once() -> int:
        await say_what_is_owed(services, publisher)
        return 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, Duty("publisher", PUBLISHER_BEAT, once), services.pulse)
        yield
        tasks.cancel_scope.cancel()
    # Without a database it is taken for dead, which costs work only.
    with suppress(OSError, ServerBusy), anyio.move_on_after(_LAST_WORD, shield=True):
        await say_what_is_owed(services, publisher, is_over=True)


async def say_what_is_owed(
    services: ServiceContext, publisher: UUID, *, is_over: bool = False
) -> None:
    """This process is there or, with `is_over`, ends; what it owes is in the database now.

    When this fails, it still owes it.
    """
    owed = services.publisher.take_owed()
    try:
        async with services.database.write() as connection:
            if owed is not None:
                await note_unpublished(connection, *owed)
            if is_over:
                await end_of_publisher(connection, publisher)
            else:
                await beat_of_publisher(connection, publisher, now=services.clock())
    except BaseException:
        if owed is not None:
            services.publisher.owe(owed)
        raise
