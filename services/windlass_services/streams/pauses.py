"""How long to wait before trying again."""

from typing import Final

_FIRST: Final = 0.1
_LONGEST: Final = 2.0


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling from 0.1 to 2."""
    return min(_FIRST * 2 ** min(failures, 10), _LONGEST)
