"""Identifiers that sort by the time they were made."""

import os
import time
from typing import Final
from uuid import UUID

_RANDOM_A_BITS: Final = 0x0FFF
_VERSION_7: Final = 0x7000
_VARIANT: Final = 0x8000_0000_0000_0000
_RANDOM_B_BITS: Final = 0x3FFF_FFFF_FFFF_FFFF


def uuid7() -> UUID:
    """A UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits.

    The 12 bits after the version hold the fraction of the millisecond (method 3 of section 6.2),
    so that identifiers made by one process at least a microsecond apart sort in order.
    """
    return uuid7_at(time.time_ns(), int.from_bytes(os.urandom(8), "big"))


def uuid7_at(nanoseconds: int, random: int) -> UUID:
    """The identifier of one moment (Unix nanoseconds) and 62 random bits."""
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest * 4096 // 1_000_000) & _RANDOM_A_BITS
    high = (milliseconds << 16) | _VERSION_7 | fraction
    return UUID(int=(high << 64) | _VARIANT | (random & _RANDOM_B_BITS))
