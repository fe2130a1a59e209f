"""Public: concurrency limits in asynchronous code."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from windlass.concurrency.interruptions import TaskInterruption, lease_lost
from windlass.concurrency.wanted import known_slots, rate_limited, wanted_slots
from windlass.engine.drivers import drive_async
from windlass.engine.process import current_session
from windlass.engine.slots import GiveBackSlots, KeepSlots, warn_of_loss
from windlass.exceptions import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
)

if TYPE_CHECKING:
    from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder

__all__ = [
    "AcquireConcurrencySlotTimeoutError",
    "ConcurrencySlotAcquisitionError",
    "concurrency",
    "rate_limit",
]


@asynccontextmanager
async def concurrency(
    names: str | Sequence[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    max_retries: int | None = None,
    lease_duration: float = 300,
    strict: bool = False,
    holder: "ConcurrencyLeaseHolder | None" = None,
) -> AsyncGenerator[None]:
    """Hold `occupy` slots of every one of these limits in the block; wait until they are free.

    As `windlass.concurrency.sync.concurrency`; a lost lease cancels a strict block.
    """
    wanted = wanted_slots(names, occupy, timeout_seconds, max_retries, lease_duration, holder)
    if not wanted.names:
        yield
        return
    session = current_session()
    held = await drive_async(known_slots(wanted, strict=strict), session)
    task = asyncio.current_task()
    assert task is not None
    interruption = TaskInterruption(task, asyncio.get_running_loop())
    try:
        lost: Callable[[Exception], None] = interruption if strict else warn_of_loss
        await KeepSlots(held, lost).perform_async(session)
        yield
    except asyncio.CancelledError:
        if interruption.reason is None or task.uncancel() > 0:
            raise
    finally:
        interruption.close()
        await GiveBackSlots(held).perform_async(session)
    if interruption.reason is not None:
        raise lease_lost(interruption.reason)


async def rate_limit(
    names: str | Sequence[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
) -> None:
    """Wait until `occupy` slots of every one of these limits are free, and take them.

    As `windlass.concurrency.sync.rate_limit`.
    """
    await drive_async(
        rate_limited(names, occupy, timeout_seconds, strict=strict), current_session()
    )
