"""One recurrence rule (RFC 5545, section 3.3.10) and the wall times at which it occurs."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import product
from typing import Final


class Frequency(IntEnum):
    """What one period of a rule is, from the longest."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """When something recurs. An empty set restricts nothing; `by_day` pairs a weekday (Monday is
    0) with its number in the month or year, or with 0 for every one."""

    frequency: Frequency
    start: datetime
    interval: int = 1
    until: datetime | None = None
    week_start: int = 0
    by_position: frozenset[int] = frozenset()
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_year_day: frozenset[int] = frozenset()
    by_week: frozenset[int] = frozenset()
    by_easter: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()
    by_hour: frozenset[int] = frozenset()
    by_minute: frozenset[int] = frozenset()
    by_second: frozenset[int] = frozenset()


def occurrences(rule: RecurrenceRule, after: datetime, *, look: int) -> Iterator[datetime]:
    """The wall times of a rule at or after `after`, in order.

    Costs the same however long ago the rule started: the first period is computed, not walked to.
    Ends when `look` steps (a day, or a shorter period) in a row hold none, so that a rule that
    never occurs ends as well.
    """
    rule = _with_implied_parts(rule)
    after = max(after, rule.start)
    left = look
    period = _aligned(rule, _period_of(rule, after))
    while left > 0:
        try:
            found, steps, following = _look_at(rule, period)
        except (OverflowError, ValueError):
            return  # the calendar ends with the year 9999
        for wall in found:
            if rule.until is not None and wall > rule.until:
                return
            if wall >= after:
                left = look
                yield wall
        left -= steps
        period = _aligned(rule, following)


_EPOCH: Final = datetime(1, 1, 1)
_UNITS: Final = {
    Frequency.DAILY: timedelta(days=1),
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.SECONDLY: timedelta(seconds=1),
}


def _with_implied_parts(rule: RecurrenceRule) -> RecurrenceRule:
    """The rule with what it takes from its start said in full, so that any period stands alone."""
    start, frequency = rule.start, rule.frequency
    month, month_day, by_day = rule.by_month, rule.by_month_day, rule.by_day
    if not (rule.by_week or rule.by_year_day or month_day or by_day or rule.by_easter):
        if frequency is Frequency.YEARLY:
            month = month or frozenset({start.month})
        if frequency <= Frequency.MONTHLY:
            month_day = frozenset({start.day})
        elif frequency is Frequency.WEEKLY:
            by_day = frozenset({(start.weekday(), 0)})
    if frequency > Frequency.MONTHLY:
        by_day = frozenset((weekday, 0) for weekday, _ in by_day)
    return replace(
        rule,
        by_month=month,
        by_month_day=month_day,
        by_day=by_day,
        by_hour=rule.by_hour or _implied(start.hour, frequency < Frequency.HOURLY),
        by_minute=rule.by_minute or _implied(start.minute, frequency < Frequency.MINUTELY),
        by_second=rule.by_second or _implied(start.second, frequency < Frequency.SECONDLY),
    )


def _implied(value: int, is_implied: bool) -> frozenset[int]:
    return frozenset({value}) if is_implied else frozenset()


def _period_of(rule: RecurrenceRule, wall: datetime) -> int:
    """The number of the period that holds a wall time, counted from the year 1."""
    match rule.frequency:
        case Frequency.YEARLY:
            return wall.year
        case Frequency.MONTHLY:
            return wall.year * 12 + wall.month - 1
        case Frequency.WEEKLY:
            return (wall.toordinal() - 1 - rule.week_start) // 7
        case _:
            return (wall - _EPOCH) // _UNITS[rule.frequency]


def _aligned(rule: RecurrenceRule, period: int) -> int:
    """The first period from this one on that the rule's interval does not skip."""
    return period + (_period_of(rule, rule.start) - period) % rule.interval


def _look_at(rule: RecurrenceRule, period: int) -> tuple[list[datetime], int, int]:
    """What one period holds, the steps this took, and the first period worth to look at next."""
    if rule.frequency > Frequency.DAILY:
        return _look_inside_day(rule, period)
    days = [date.fromordinal(ordinal) for ordinal in _ordinals(rule, period)]
    matching = [day for day in days if _is_day_of(rule, day)]
    times = _times(rule.by_hour, rule.by_minute, rule.by_second)
    walls = [datetime.combine(day, at) for day, at in product(matching, times)]
    return _at_positions(rule, walls), len(days), period + 1


def _ordinals(rule: RecurrenceRule, period: int) -> Iterable[int]:
    match rule.frequency:
        case Frequency.YEARLY:
            first = date(period, 1, 1).toordinal()
            return range(first, first + 365 + calendar.isleap(period))
        case Frequency.MONTHLY:
            year, month = period // 12, period % 12 + 1
            first = date(year, month, 1).toordinal()
            return range(first, first + calendar.monthrange(year, month)[1])
        case Frequency.WEEKLY:
            first = period * 7 + rule.week_start + 1
            return range(max(first, 1), first + 7)
        case _:
            return range(period + 1, period + 2)


def _look_inside_day(rule: RecurrenceRule, period: int) -> tuple[list[datetime], int, int]:
    unit = _UNITS[rule.frequency]
    wall = _EPOCH + period * unit
    if not _is_day_of(rule, wall.date()):
        return [], 1, period + (_day_after(wall) - wall) // unit
    if rule.by_hour and wall.hour not in rule.by_hour:
        following = wall.replace(minute=0, second=0) + timedelta(hours=1)
        return [], 1, period + (following - wall) // unit
    if rule.frequency is Frequency.HOURLY:
        times = _times({wall.hour}, rule.by_minute, rule.by_second)
    elif rule.by_minute and wall.minute not in rule.by_minute:
        following = wall.replace(second=0) + timedelta(minutes=1)
        return [], 1, period + (following - wall) // unit
    elif rule.frequency is Frequency.MINUTELY:
        times = _times({wall.hour}, {wall.minute}, rule.by_second)
    elif rule.by_second and wall.second not in rule.by_second:
        return [], 1, period + 1
    else:
        times = [wall.time()]
    walls = [datetime.combine(wall, at) for at in times]
    return _at_positions(rule, walls), 1, period + 1


def _day_after(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0) + timedelta(days=1)


def _times(hours: Iterable[int], minutes: Iterable[int], seconds: Iterable[int]) -> list[time]:
    return [time(*parts) for parts in product(sorted(hours), sorted(minutes), sorted(seconds))]


def _at_positions(rule: RecurrenceRule, walls: list[datetime]) -> list[datetime]:
    if not rule.by_position:
        return walls
    count = len(walls)
    places = {place - 1 if place > 0 else count + place for place in rule.by_position}
    return [wall for place, wall in enumerate(walls) if place in places]


def _is_day_of(rule: RecurrenceRule, day: date) -> bool:
    return (
        (not rule.by_month or day.month in rule.by_month)
        and (not rule.by_day or _is_weekday_of(rule, day))
        and (not rule.by_month_day or _is_month_day_of(rule, day))
        and (not rule.by_year_day or _is_year_day_of(rule, day))
        and (not rule.by_week or _is_in_week_of(rule, day))
        and (not rule.by_easter or _days_from_easter(day) in rule.by_easter)
    )


def _is_weekday_of(rule: RecurrenceRule, day: date) -> bool:
    weekday = day.weekday()
    if (weekday, 0) in rule.by_day:
        return True
    if rule.frequency is Frequency.YEARLY and not rule.by_month:
        number, length = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
    else:
        number, length = day.day, calendar.monthrange(day.year, day.month)[1]
    from_first = (number - 1) // 7 + 1
    from_last = -((length - number) // 7 + 1)
    return (weekday, from_first) in rule.by_day or (weekday, from_last) in rule.by_day


def _is_month_day_of(rule: RecurrenceRule, day: date) -> bool:
    if day.day in rule.by_month_day:
        return True
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day - length - 1 in rule.by_month_day


def _is_year_day_of(rule: RecurrenceRule, day: date) -> bool:
    number, length = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
    return number in rule.by_year_day or number - length - 1 in rule.by_year_day


def _is_in_week_of(rule: RecurrenceRule, day: date) -> bool:
    """Week 1 of a year is the first with at least four days in it."""
    first_of_week = day.toordinal() - (day.weekday() - rule.week_start) % 7
    year = date.fromordinal(first_of_week + 3).year
    number = (first_of_week - _first_week_of(rule, year)) // 7 + 1
    count = (_first_week_of(rule, year + 1) - _first_week_of(rule, year)) // 7
    return number in rule.by_week or number - count - 1 in rule.by_week


def _first_week_of(rule: RecurrenceRule, year: int) -> int:
    fourth = date(year, 1, 4)
    return fourth.toordinal() - (fourth.weekday() - rule.week_start) % 7


def _days_from_easter(day: date) -> int:
    """Days since Easter Sunday of the day's year (the Gregorian computus of Meeus and Jones)."""
    century, year_of_century = divmod(day.year, 100)
    golden = day.year % 19
    moon = (
        19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - moon - year_of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day_before = divmod(moon + weekday - 7 * late + 114, 31)
    return (day - date(day.year, month, day_before + 1)).days
