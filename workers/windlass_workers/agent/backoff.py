"""To try again until it works, without haste and without flooding the log."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from windlass.exceptions import ServerBusy, WindlassError

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0


async def until_it_works(
    attempt: Callable[[], Awaitable[T]],
    *,
    what: str,
    give_up: tuple[type[Exception], ...] = (),
    longest_pause: float = _LONGEST_PAUSE,
) -> T:
    """The answer of `attempt`, however long it takes.

    Pauses as long as the server says, else twice as long each time, up to `longest_pause` seconds.
    An error is logged when it is a new one. Raises those in `give_up`.
    """
    pause = _FIRST_PAUSE
    said = ""
    while True:
        try:
            answer = await attempt()
        except give_up:
            raise
        except Exception as error:
            if told(error) != said:
                said = told(error)
                _log.warning("Could not %s: %s Trying again.", what, said)
            asked = error.retry_after if isinstance(error, ServerBusy) else 0.0
            await anyio.sleep(max(pause, asked))
            pause = min(pause * 2, longest_pause)
            continue
        if said:
            _log.info("It worked again to %s", what)
        return answer


def told(error: Exception) -> str:
    """The sentence of an error of ours; of another one its kind as well."""
    return str(error) if isinstance(error, WindlassError) else f"{type(error).__name__}: {error}"
