"""The claims that wait for runs of one pool, first come first served."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import merge
from itertools import islice
from uuid import UUID

import anyio

from windlass.schemas.executions import ClaimedRun
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Wants:
    """Which runs a claim can take: of which queues (None: all), and how long before their time."""

    work_queue_ids: frozenset[UUID] | None
    prefetch: timedelta

    def covers(self, other: "Wants") -> bool:
        """Whether nothing is left for `other` once nothing is left for this."""
        if other.prefetch > self.prefetch:
            return False
        if self.work_queue_ids is None:
            return True
        return other.work_queue_ids is not None and other.work_queue_ids <= self.work_queue_ids


@dataclass(slots=True, eq=False)
class Waiter:
    """One claim that waits. It is answered once: with runs, with none, or with an error."""

    scope: Scope
    claim: Claim
    wants: Wants
    answered: anyio.Event = field(default_factory=anyio.Event)
    runs: list[ClaimedRun] = field(default_factory=list[ClaimedRun])
    error: Exception | None = None
    arrival: int = 0
    """The place in the line, by which the first to come is served first."""

    def answer(self, runs: list[ClaimedRun], error: Exception | None = None) -> None:
        """Let the claim return."""
        self.runs = runs
        self.error = error
        self.answered.set()


@dataclass(slots=True)
class WaitingLine:
    """Waiters by what they want, so that a look at who is next does not grow with their number."""

    _groups: dict[Wants, dict[int, Waiter]] = field(default_factory=dict[Wants, dict[int, Waiter]])
    _arrivals: int = 0

    def __bool__(self) -> bool:
        return bool(self._groups)

    def __contains__(self, waiter: Waiter) -> bool:
        return self._groups.get(waiter.wants, {}).get(waiter.arrival) is waiter

    def enter(self, waiter: Waiter) -> None:
        """Behind everyone who is here."""
        self._arrivals += 1
        waiter.arrival = self._arrivals
        self._groups.setdefault(waiter.wants, {})[waiter.arrival] = waiter

    def leave(self, waiter: Waiter) -> None:
        """Also one that has left already."""
        if waiter in self:
            group = self._groups[waiter.wants]
            del group[waiter.arrival]
            if not group:
                del self._groups[waiter.wants]

    def first(self, most: int, exhausted: Collection[Wants]) -> list[Waiter]:
        """Up to `most` waiters in order of arrival, without those for whom nothing is left."""
        groups = (
            group.items()
            for wants, group in self._groups.items()
            if not any(empty.covers(wants) for empty in exhausted)
        )
        return [waiter for _, waiter in islice(merge(*groups), most)]

    def all(self) -> list[Waiter]:
        """Everyone who waits, in no order."""
        return [waiter for group in self._groups.values() for waiter in group.values()]

    def wanted(self) -> Collection[Wants]:
        """What those who wait want, each once."""
        return self._groups.keys()

    def longest_prefetch(self) -> timedelta:
        """How long before its time some waiter would take a run."""
        return max((wants.prefetch for wants in self._groups), default=timedelta(0))
