"""What the callers of `concurrency` and `rate_limit` say, as the engine wants it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from windlass.engine.effects import Description
from windlass.engine.slots import (
    HeldSlots,
    KeepSlots,
    WantedSlots,
    check_known,
    take_slots,
    warn_of_loss,
)

if TYPE_CHECKING:
    from windlass.schemas.concurrency_limits import ConcurrencyLeaseHolder

RATE_LIMIT_LEASE_SECONDS: Final = 60.0


def wanted_slots(
    names: str | Sequence[str],
    occupy: int,
    timeout_seconds: float | None,
    max_retries: int | None,
    lease_duration: float,
    holder: "ConcurrencyLeaseHolder | None",
) -> WantedSlots:
    """What `concurrency` asks for."""
    return WantedSlots(
        names=[names] if isinstance(names, str) else [*names],
        occupy=occupy,
        timeout_seconds=timeout_seconds,
        max_retries=max_retries,
        lease_seconds=lease_duration,
        holder=holder,
    )


def known_slots(wanted: WantedSlots, *, strict: bool) -> Description[HeldSlots]:
    """Take slots, and say which of the names are unknown."""
    held = yield from take_slots(wanted)
    yield from check_known(wanted, held, strict=strict)
    return held


def rate_limited(
    names: str | Sequence[str], occupy: int, timeout_seconds: float | None, *, strict: bool
) -> Description[None]:
    """What `rate_limit` does."""
    wanted = WantedSlots(
        names=[names] if isinstance(names, str) else [*names],
        occupy=occupy,
        mode="rate_limit",
        timeout_seconds=timeout_seconds,
        lease_seconds=RATE_LIMIT_LEASE_SECONDS,
    )
    if wanted.names:
        held = yield from known_slots(wanted, strict=strict)
        yield from KeepSlots(held, warn_of_loss)
