"""From what a clock on the wall shows to moments in UTC, over changes of daylight saving time."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_A_DAY = timedelta(days=1)


def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises ValueError where there is none."""
    try:
        return ZoneInfo(name)
    # Besides its own error, zoneinfo lets through those of the file system: "America" is a folder.
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(
            f"Unknown time zone {name!r}: give an IANA name such as 'America/New_York'"
        ) from error


def moments(walls: Iterable[datetime], zone: tzinfo) -> Iterator[datetime]:
    """The moments in UTC of increasing wall times, strictly increasing.

    A wall time that happens twice means its first time. One that is skipped when clocks go
    forward happens later by as much as they skip (RFC 5545, section 3.3.5), so that a daily
    02:30 runs at 03:30 on that day.
    """
    last: datetime | None = None
    for moment in _in_order(walls, zone):
        if last is None or moment > last:
            last = moment
            yield moment


def earliest_wall(start: datetime, zone: tzinfo) -> datetime:
    """The wall time before which no wall time has its moment at or after `start`."""
    local = start.astimezone(zone)
    try:
        skipped = _offset(local) - _offset((start - _A_DAY).astimezone(zone))
        return local.replace(tzinfo=None, fold=0) - max(skipped, timedelta(0))
    except OverflowError:
        return local.replace(tzinfo=None, fold=0)


def _in_order(walls: Iterable[datetime], zone: tzinfo) -> Iterator[datetime]:
    # The moments of skipped wall times lie among those of the hour after them: they wait for it.
    waiting: list[datetime] = []
    for wall in walls:
        try:
            moment = wall.replace(tzinfo=zone).astimezone(UTC)
            skipped = moment.astimezone(zone).replace(tzinfo=None) != wall
        except OverflowError:
            break
        if skipped:
            heapq.heappush(waiting, moment)
            continue
        while waiting and waiting[0] <= moment:
            yield heapq.heappop(waiting)
        yield moment
    while waiting:
        yield heapq.heappop(waiting)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)
