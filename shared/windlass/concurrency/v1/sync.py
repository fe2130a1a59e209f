"""Public: slots of tags in synchronous code."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

from windlass.concurrency.v1.wanted import tag_slots
from windlass.engine.drivers import drive
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


@contextmanager
def concurrency(
    names: str | Sequence[str], task_run_id: UUID, timeout_seconds: float | None = None
) -> Generator[None]:
    """Hold a slot of every one of these tags for a task run in the block; wait until they are free.

    Tags without a limit let everything through. Raises AcquireConcurrencySlotTimeoutError, a
    TimeoutError, after `timeout_seconds`, and ConcurrencySlotAcquisitionError for a limit that
    lets nothing run.
    """
    wanted = tag_slots(names, task_run_id, timeout_seconds)
    if not wanted.names:
        yield
        return
    session = current_session()
    held = drive(take_slots(wanted), session)
    try:
        KeepSlots(held, warn_of_loss).perform(session)
        yield
    finally:
        GiveBackSlots(held).perform(session)
