"""Buckets as services keep them, and an oracle that keeps every event and looks at all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID

from windlass.schemas.triggers.event import EventTrigger, Posture
from windlass_services.storage.trigger_buckets import BucketKey, BucketRow
from windlass_services.triggers.bucket_rows import bucket_of, row_of
from windlass_services.triggers.buckets import Bucket, Firing, Seen, counted, elapsed, standing
from windlass_services.triggers.firings import firing_id

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_IDS: Final = count(1)
KEY: Final = BucketKey(UUID(int=1), UUID(int=2), "{}")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def trigger(**said: Any) -> EventTrigger:
    return EventTrigger.model_validate({"expect": ["e"], **said})


def seen(
    trigger: EventTrigger, seconds: float, name: str = "e", *, received: float | None = None
) -> Seen:
    """An event of this name, which happened and was received so many seconds after noon."""
    counts = name in trigger.expect
    opens = name in trigger.after if trigger.after else counts
    heard = at(seconds if received is None else received)
    return Seen(at(seconds), UUID(int=next(_IDS)), heard, opens, counts)


@dataclass(slots=True)
class Store:
    """One bucket as a row, and the firings as events: what a database has of them."""

    trigger: EventTrigger
    row: BucketRow = field(default_factory=BucketRow)
    fired: list[Firing] = field(default_factory=list[Firing])

    @property
    def bucket(self) -> Bucket:
        return bucket_of(self.row, NOON)

    def stand(self) -> None:
        """Open the window of a standing trigger."""
        self.row = row_of(standing(self.trigger, NOON), NOON)

    def count(self, events: Iterable[Seen], *, dies: bool = False) -> None:
        """One transaction with a batch of events; nothing of it stays if its replica dies."""
        bucket, fired = self.bucket, list[Firing]()
        for event in events:
            bucket, firing = counted(self.trigger, bucket, event)
            fired += [firing] if firing else []
        if not dies:
            self._commit(bucket, fired)

    def look(self, now: datetime, *, stored: Iterable[Seen] = (), dies: bool = False) -> None:
        """One pass of the duty, which counts what the table of events holds before it fires."""
        bucket = self.bucket
        if bucket.due is None or bucket.due > now:
            return
        for event in stored:
            bucket, _ = counted(self.trigger, bucket, event)
        bucket, firing = elapsed(self.trigger, bucket, now)
        if not dies:
            self._commit(bucket, [firing] if firing else [])

    def _commit(self, bucket: Bucket, fired: Sequence[Firing]) -> None:
        self.row = row_of(bucket, NOON)
        assert self.bucket == bucket, "what is read is not what was written"
        self.fired += fired
        ids = [firing_id(KEY, firing) for firing in self.fired]
        assert len(set(ids)) == len(ids), "a firing happened twice"


@dataclass(slots=True)
class Oracle:
    """What a reactive trigger without `after` has to do: nothing is forgotten, all is recomputed.

    An event is used up if it is one of a firing, or lies `within` of the first one of a firing.
    """

    trigger: EventTrigger
    arrived: list[Seen] = field(default_factory=list[Seen])
    firings: list[tuple[Seen, ...]] = field(default_factory=list[tuple[Seen, ...]])

    def count(self, event: Seen) -> bool:
        """Whether the event makes it fire."""
        if event in self.arrived:
            return False
        self.arrived.append(event)
        free = sorted(one for one in self.arrived if not self._is_used(one))
        number = self.trigger.threshold
        for first in range(len(free)):
            group = free[first : first + number]
            if len(group) == number and self._is_near(group[0], group[-1]):
                self.firings.append(tuple(group))
                return True
        return False

    def _is_used(self, event: Seen) -> bool:
        if self.trigger.within:
            return any(self._is_near(event, firing[0]) for firing in self.firings)
        return any(firing[0] <= event <= firing[-1] for firing in self.firings)

    def _is_near(self, one: Seen, other: Seen) -> bool:
        return not self.trigger.within or abs(one.at - other.at) <= self.trigger.within


def windows(trigger: EventTrigger, events: Sequence[Seen], now: datetime) -> list[UUID]:
    """What opened the windows for which a proactive trigger fired, if nothing came late."""
    assert trigger.posture is Posture.Proactive
    fired: list[UUID] = []
    left = sorted(events)
    while opener := next((one for one in left if one.opens), None):
        end = opener.at + trigger.within
        inside = [one for one in left if one > opener and one.counts and one.at <= end]
        if len(inside) >= trigger.threshold:
            last = inside[trigger.threshold - 1]
            left = [one for one in left if one > last or (one == last and one.opens)]
        elif end > now:
            break
        else:
            fired.append(opener.id)
            left = [one for one in left if one.at > end]
    return fired
