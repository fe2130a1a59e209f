"""Public: concurrency limits in synchronous code."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from windlass.concurrency.interruptions import LeaseIsOver, ThreadInterruption, lease_lost
from windlass.concurrency.wanted import known_slots, rate_limited, wanted_slots
from windlass.engine.drivers import drive
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


@contextmanager
def concurrency(
    names: str | Sequence[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    max_retries: int | None = None,
    lease_duration: float = 300,
    strict: bool = False,
    holder: "ConcurrencyLeaseHolder | None" = None,
) -> Generator[None]:
    """Hold `occupy` slots of every one of these limits in the block; wait until they are free.

    The slots are held by a lease of `lease_duration` seconds (at least 60) that is renewed from a
    thread; a process that dies gives its slots back so. A name without a limit is warned of, and a
    lost lease, too; with `strict` both raise ConcurrencySlotAcquisitionError, the latter in the
    block. Raises AcquireConcurrencySlotTimeoutError, a TimeoutError, after `timeout_seconds`, and
    ConcurrencySlotAcquisitionError after `max_retries` or for more slots than a limit has.
    """
    wanted = wanted_slots(names, occupy, timeout_seconds, max_retries, lease_duration, holder)
    if not wanted.names:
        yield
        return
    session = current_session()
    held = drive(known_slots(wanted, strict=strict), session)
    interruption = ThreadInterruption()
    try:
        lost: Callable[[Exception], None] = interruption if strict else warn_of_loss
        KeepSlots(held, lost).perform(session)
        yield
    except LeaseIsOver:
        # Only the innermost of several blocks may have been meant.
        if interruption.reason is None:
            raise
    finally:
        interruption.close()
        GiveBackSlots(held).perform(session)
    if interruption.reason is not None:
        raise lease_lost(interruption.reason)


def rate_limit(
    names: str | Sequence[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
) -> None:
    """Wait until `occupy` slots of every one of these limits are free, and take them.

    They become free again as the `slot_decay_per_second` of the limit says. Raises
    AcquireConcurrencySlotTimeoutError, a TimeoutError, after `timeout_seconds`, and
    ConcurrencySlotAcquisitionError for a limit without decay and, with `strict`, for a name without
    a limit, which is warned of otherwise.
    """
    drive(rate_limited(names, occupy, timeout_seconds, strict=strict), current_session())
