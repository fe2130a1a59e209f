"""What a trigger remembers of the events that it saw, and when that makes it fire.

A reactive trigger fires when `threshold` events lie `within` a time; the events around them are
spent then, so that its firings are further than `within` apart. A proactive one opens a window with
an event of `after`, and fires at its end unless `threshold` events came in it.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from windlass.schemas.triggers.event import EventTrigger, Posture

Moment: TypeAlias = tuple[datetime, UUID]
"""The place of an event among the others: its time, then its id."""
Span: TypeAlias = tuple[Moment, Moment]
"""From the first moment to the last one, both included."""

HEARD_FOR: Final = timedelta(seconds=10)
"""For so long after it heard of an event that is older than its window, a proactive trigger waits
for those that were held up with it."""
LATE: Final = timedelta(minutes=5)
"""How much later than the newest one an event may come, and still count with its neighbours."""
MOST_SPANS: Final = 32
"""Firings that are remembered; what is older than the oldest of them does not count any more."""
_MORE_THAN_NEEDED: Final = 64
_NO_ID: Final = UUID(int=0)
_LAST_ID: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """An event that matched. It happened when it says so, but not later than it was received."""

    at: datetime
    id: UUID
    received: datetime
    opens: bool
    """It is one of `after`; or there are none and it counts."""
    counts: bool
    """It is one of `expect`."""

    @property
    def moment(self) -> Moment:
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Firing:
    """That a trigger fired: once for each `cause`, however often it is computed."""

    cause: Moment
    """The event that completed it or, of a proactive trigger, the one that opened the window."""
    triggering_event: UUID | None
    """The event that completed it, or the last one of the window; None if there was none."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is stored of one trigger and one set of values of its labels.

    It is as large as the threshold: of the events that are not spent it keeps the newest, twice as
    many as it takes, of its firings the last 32.
    """

    unspent: tuple[Seen, ...] = ()
    """In order."""
    spent: tuple[Span, ...] = ()
    """What firings used up, in order."""
    past: Moment | None = None
    """Nothing up to here counts any more."""
    opened: Seen | None = None
    """What opened the window that is to be closed at `due`."""
    due: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether one that knows nothing would do the same."""
        return not self.unspent and not self.spent and self.opened is None and self.past is None

    def is_news(self, event: Seen) -> bool:
        """Whether the event is neither known nor spent."""
        moment = event.moment
        if self.past is not None and moment <= self.past:
            return False
        return not any(first <= moment <= last for first, last in self.spent) and all(
            moment != known.moment for known in self.unspent
        )


def counted(trigger: EventTrigger, bucket: Bucket, event: Seen) -> tuple[Bucket, Firing | None]:
    """What the bucket is after an event, and what that completed. An event counts once."""
    if not bucket.is_news(event):
        return bucket, None
    unspent = list(bucket.unspent)
    insort(unspent, event)
    if trigger.posture is Posture.Proactive:
        return _watching(trigger, replace(bucket, unspent=tuple(unspent))), None
    run = _after_one_of(trigger, unspent) if trigger.after else _run(trigger, unspent)
    if run is None:
        return replace(bucket, unspent=_worth_keeping(trigger, unspent)), None
    span = _used_up(trigger, run)
    left = [one for one in unspent if not span[0] <= one.moment <= span[1]]
    fired = replace(bucket, unspent=_worth_keeping(trigger, left))
    return _with_spent(fired, span), Firing(event.moment, event.id)


def elapsed(trigger: EventTrigger, bucket: Bucket, now: datetime) -> tuple[Bucket, Firing | None]:
    """What the bucket of a proactive trigger is at a time: a window that is over fires."""
    opened = bucket.opened
    if opened is None or bucket.due is None or now < bucket.due:
        return bucket, None
    end = opened.at + trigger.within
    inside = [one for one in bucket.unspent if one.at <= end]
    later = tuple(one for one in bucket.unspent if one.at > end)
    known = [one.id for one in (opened, *inside) if one.id != _NO_ID]
    closed = Bucket(unspent=later, past=(end, _LAST_ID))
    following = _watching(trigger, closed)
    if following.opened is None and is_standing(trigger):
        # After an outage it goes on from now: one firing tells of all the windows that passed.
        following = standing(trigger, end if now < end + trigger.within else now, closed)
    return following, Firing(opened.moment, known[-1] if known else None)


def is_standing(trigger: EventTrigger) -> bool:
    """Whether a trigger waits from the moment at which it is there, and not for a first event."""
    return trigger.posture is Posture.Proactive and not trigger.after and not trigger.for_each


def standing(trigger: EventTrigger, since: datetime, bucket: Bucket | None = None) -> Bucket:
    """The bucket of a standing trigger whose window begins at a moment."""
    opened = Seen(since, _NO_ID, since, opens=True, counts=False)
    return _watching(trigger, replace(bucket or Bucket(), opened=opened))


def is_immediate(trigger: EventTrigger) -> bool:
    """Whether each event fires by itself, so that nothing has to be remembered."""
    is_one_enough = trigger.threshold <= 1 and not trigger.within and not trigger.after
    return trigger.posture is Posture.Reactive and is_one_enough


def _run(trigger: EventTrigger, unspent: Sequence[Seen]) -> Sequence[Seen] | None:
    """The first events that are enough, and lie near enough to each other."""
    needed = max(trigger.threshold, 1)
    counting = [one for one in unspent if one.counts]
    for first in range(len(counting) - needed + 1):
        last = first + needed
        if not trigger.within or counting[last - 1].at - counting[first].at <= trigger.within:
            return counting[first:last]
    return None


def _after_one_of(trigger: EventTrigger, unspent: Sequence[Seen]) -> Sequence[Seen] | None:
    """The first event of `after` that was followed by enough in time, and those."""
    needed = max(trigger.threshold, 1)
    for number, opener in enumerate(unspent):
        if not opener.opens:
            continue
        end = opener.at + trigger.within
        following = (
            one
            for one in unspent[number + 1 :]
            if one.counts and (not trigger.within or one.at <= end)
        )
        run = [one for one, _ in zip(following, range(needed), strict=False)]
        if len(run) == needed:
            return [opener, *run]
    return None


def _used_up(trigger: EventTrigger, run: Sequence[Seen]) -> Span:
    if trigger.after or not trigger.within:
        return run[0].moment, run[-1].moment
    # To both sides, or a burst that arrives backwards would fire for each of its events.
    begin = run[0].at
    return (begin - trigger.within, _NO_ID), (begin + trigger.within, _LAST_ID)


def _with_spent(bucket: Bucket, span: Span) -> Bucket:
    spent = sorted((*bucket.spent, span))
    if len(spent) <= MOST_SPANS:
        return replace(bucket, spent=tuple(spent))
    _, end = spent.pop(0)
    past = end if bucket.past is None else max(bucket.past, end)
    left = tuple(one for one in bucket.unspent if one.moment > past)
    return replace(bucket, unspent=left, spent=tuple(spent), past=past)


def _worth_keeping(trigger: EventTrigger, unspent: Sequence[Seen]) -> tuple[Seen, ...]:
    kept = unspent[-_most(trigger) :]
    if trigger.within and kept:
        oldest = kept[-1].at - trigger.within - LATE
        kept = [one for one in kept if one.at >= oldest]
    return tuple(kept)


def _most(trigger: EventTrigger) -> int:
    return 2 * max(trigger.threshold, 1) + _MORE_THAN_NEEDED


def _watching(trigger: EventTrigger, bucket: Bucket) -> Bucket:
    """The bucket of a proactive trigger, its windows that had enough events closed."""
    if trigger.threshold <= 0:  # there are always as many
        return Bucket()
    past = bucket.past
    rest = sorted({*bucket.unspent, *([bucket.opened] if bucket.opened else ())})
    while (opened := next((one for one in rest if one.opens), None)) is not None:
        end = opened.at + trigger.within
        rest = [one for one in rest if one.moment > opened.moment]
        inside = [one for one in rest if one.counts and one.at <= end]
        if len(inside) < trigger.threshold:
            others = [one for one in rest if not (one.counts and one.at <= end)]
            kept = sorted((*inside, *others[-_most(trigger) :]))
            due = max(end, opened.received + HEARD_FOR)
            return Bucket(unspent=tuple(kept), past=past, opened=opened, due=due)
        last = inside[trigger.threshold - 1]
        past = last.moment
        # One that is also of `after` opens the next window.
        rest = [one for one in rest if one.moment >= past]
        if not last.opens:
            rest = rest[1:]
    # What is expected and comes before it is asked for is found when it is asked for.
    return Bucket(past=past)
