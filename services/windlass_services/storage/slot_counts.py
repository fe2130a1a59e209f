"""How full a limit is, and how long to wait for a slot of it: pure arithmetic."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Final, Self
from uuid import UUID

_LEARNS: Final = 0.2
"""The share that one release has in the average occupancy."""
_SHORTEST_OCCUPANCY: Final = 0.1
_ROUNDING: Final = 1e-6
"""Decay leaves fractions: what is missing to a whole slot by less than this is not missing."""


@dataclass(frozen=True, slots=True)
class LimitCounts:
    """A limit and what is occupied of it, as of `decayed_until`.

    `leased` are the slots of live leases. `unleased` were taken without one; they decay. `denied`
    were asked for in vain, and those who asked will be back.
    """

    id: UUID
    name: str
    limit: int
    active: bool
    leased: int
    unleased: float
    denied: float
    decay: float
    average_occupancy: float
    decayed_until: datetime

    @property
    def occupied(self) -> float:
        """Slots that cannot be taken now."""
        return self.leased + self.unleased

    @property
    def active_slots(self) -> int:
        """The same in whole slots."""
        return ceil(self.occupied - _ROUNDING)

    def has_room_for(self, slots: int) -> bool:
        """Whether so many can be taken now; always, where the limit is not active."""
        return not self.active or self.occupied + slots <= self.limit + _ROUNDING

    def settled(self, now: datetime) -> Self:
        """As of `now`: decay has given back slots, and some that were denied have become free."""
        passed = max((now - self.decayed_until).total_seconds(), 0)
        return replace(
            self,
            unleased=max(self.unleased - passed * self.decay, 0),
            denied=max(self.denied - passed * self.freed_per_second, 0),
            decayed_until=max(now, self.decayed_until),
        )

    def taken(self, slots: int) -> Self:
        """With so many more taken without a lease."""
        return replace(self, unleased=self.unleased + slots)

    def given_back(self, slots: int) -> Self:
        """With so many less that were taken without a lease."""
        return replace(self, unleased=max(self.unleased - slots, 0))

    def refused(self, slots: int) -> Self:
        """With so many more asked for in vain."""
        return replace(self, denied=self.denied + slots)

    def occupied_for(self, seconds: float) -> Self:
        """Having learnt how long a slot was held."""
        longer = seconds - self.average_occupancy
        average = max(self.average_occupancy + longer * _LEARNS, _SHORTEST_OCCUPANCY)
        return replace(self, average_occupancy=average)

    @property
    def freed_per_second(self) -> float:
        """Slots that become free in a second, by decay or as they were held on average so far."""
        return self.decay or max(self.limit, 1) / max(self.average_occupancy, _SHORTEST_OCCUPANCY)

    def wait_seconds(self, slots: int) -> float:
        """Seconds until so many may be free, behind everybody who was refused before."""
        missing = self.occupied + slots - self.limit if self.decay else 0
        return max(missing, self.denied, slots) / self.freed_per_second
