"""A queue of items on their way to one route of the API."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from windlass.reporting.routes import Route
from windlass.schemas.base import JsonObject

T = TypeVar("T")

_LINGER: Final = 0.05
"""Seconds in which more may join the first item of a batch."""


class Limits(NamedTuple):
    """How many lines a lane sends at once, how often (in seconds), and how many it holds.

    A batch is over, too, when its messages have `batch_bytes` characters.
    """

    batch: int
    interval: float
    capacity: int
    batch_bytes: int = 4_000_000


class Mark(threading.Event):
    """Stands in a lane: when it is set, everything before it was acknowledged."""


class Batch(NamedTuple):
    """What is sent at once, and the mark right behind it, if there is one."""

    lines: list[JsonObject]
    mark: Mark | None


class Lane(Generic[T]):
    """Items in the order in which they were put in, and marks of who waits for them.

    `line` makes JSON of an item, or None if it has nothing to say. One thread takes batches out;
    any thread may put something in, without a lock.
    """

    def __init__(
        self,
        route: Route,
        line: Callable[[T], JsonObject | None],
        limits: Limits,
    ) -> None:
        self.route = route
        self.limits = limits
        self.items: deque[T | Mark] = deque()
        self.is_idle = True
        self._line = line
        self._marks = 0
        self._lock = threading.Lock()
        self._last = 0.0

    @property
    def is_full(self) -> bool:
        """Whether it holds all that it may."""
        return len(self.items) >= self.limits.capacity

    @property
    def has_batch(self) -> bool:
        """Whether it holds as much as is sent at once."""
        return len(self.items) >= self.limits.batch

    def mark(self) -> Mark:
        """A mark behind everything that is here now."""
        mark = Mark()
        with self._lock:
            self._marks += 1
        self.items.append(mark)
        return mark

    def due(self, now: float) -> float | None:
        """When to send what is here; None if nothing is."""
        if not self.items:
            return None
        if self._marks or self.has_batch:
            return now
        return max(now + _LINGER, self._last + self.limits.interval)

    def take(self, now: float) -> Batch | None:
        """The next batch, up to a mark; None if there is nothing to send at `now`."""
        waits = not self._marks and not self.has_batch
        if not self.items or (waits and now < self._last + self.limits.interval):
            return None
        self.is_idle = False
        return self._next()

    def rest(self) -> list[JsonObject]:
        """Everything that is left, for who sends no more of it."""
        lines: list[JsonObject] = []
        while self.items:
            lines += self._next().lines
        return lines

    def handed_on(self, batch: Batch) -> None:
        """`batch` is settled, or on disk: what comes behind it is next."""
        self._last = time.monotonic()
        self.is_idle = True
        if batch.mark is not None:
            with self._lock:
                self._marks -= 1

    def _next(self) -> Batch:
        lines: list[JsonObject] = []
        size = 0
        while self.items and len(lines) < self.limits.batch and size < self.limits.batch_bytes:
            item = self.items.popleft()
            if isinstance(item, Mark):
                return Batch(lines, item)
            if (line := self._line(item)) is not None:
                lines.append(line)
                size += len(line.get("message") or "")
        return Batch(lines, None)
