"""How long ago each loop last succeeded. Silence is a failure."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(slots=True)
class _Beat:
    allowed: float
    last: float


class Pulse:
    """The beats of the loops of one process. A loop that is late makes the process not live."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._beats: dict[str, _Beat] = {}

    def expect(self, name: str, allowed: timedelta) -> None:
        """From now on the loop `name` has to succeed at least once in every `allowed`."""
        self._beats[name] = _Beat(allowed.total_seconds(), self._monotonic())

    def beat(self, name: str) -> None:
        """The loop `name` has just succeeded."""
        self._beats[name].last = self._monotonic()

    def forget(self, name: str) -> None:
        """The loop `name` has ended in order."""
        self._beats.pop(name, None)

    def ages(self) -> dict[str, float]:
        """Seconds since the last success of each loop."""
        now = self._monotonic()
        return {name: now - beat.last for name, beat in self._beats.items()}

    def allowed(self) -> dict[str, float]:
        """How many seconds each loop may be silent."""
        return {name: beat.allowed for name, beat in self._beats.items()}

    def late(self) -> list[str]:
        """The loops that are silent for longer than they may be."""
        now = self._monotonic()
        return [name for name, beat in self._beats.items() if now - beat.last > beat.allowed]
