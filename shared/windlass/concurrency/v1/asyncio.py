"""Public: slots of tags in asynchronous code."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from windlass.concurrency.v1.wanted import tag_slots
from windlass.engine.drivers import drive_async
from windlass.engine.process import current_session
from windlass.engine.slots import GiveBackSlots, KeepSlots, take_slots, warn_of_loss
from windlass.exceptions import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
)

__all__ = [
    "AcquireConcurrencySlotTimeoutError",
    "ConcurrencySlotAcquisitionError",
    "concurrency",
]


@asynccontextmanager
async def concurrency(
    names: str | Sequence[str], task_run_id: UUID, timeout_seconds: float | None = None
) -> AsyncGenerator[None]:
    """Hold a slot of every one of these tags for a task run in the block; wait until they are free.

    As `windlass.concurrency.v1.sync.concurrency`.
    """
    wanted = tag_slots(names, task_run_id, timeout_seconds)
    if not wanted.names:
        yield
        return
    session = current_session()
    held = await drive_async(take_slots(wanted), session)
    try:
        await KeepSlots(held, warn_of_loss).perform_async(session)
        yield
    finally:
        await GiveBackSlots(held).perform_async(session)
