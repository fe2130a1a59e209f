"""How long ago each loop of the agent last succeeded. Silence is a failure."""

import time
from collections.abc import Callable
from datetime import timedelta


class Pulse:
    """The beats of the loops of one agent."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._allowed: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def expect(self, loop: str, allowed: timedelta) -> None:
        """From now on `loop` has to succeed at least once in every `allowed`."""
        self._allowed[loop] = allowed.total_seconds()
        self.beat(loop)

    def beat(self, loop: str) -> None:
        """`loop` has just succeeded."""
        self._last[loop] = self._monotonic()

    def ages(self) -> dict[str, float]:
        """Seconds since the last success of each loop."""
        now = self._monotonic()
        return {loop: now - last for loop, last in self._last.items()}

    def late(self) -> list[str]:
        """The loops that are silent for longer than they may be."""
        return [loop for loop, age in self.ages().items() if age > self._allowed[loop]]
