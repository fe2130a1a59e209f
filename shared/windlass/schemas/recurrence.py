"""A set of recurrence rules written as iCalendar text (RFC 5545), read and expanded."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import dropwhile
from typing import Final

from windlass.schemas.recurrence_rule import Frequency, RecurrenceRule, occurrences
from windlass.schemas.wall_clock import earliest_wall, moments, zone_named

MAX_LENGTH: Final = 6_500

_DEFAULT_START: Final = datetime(2020, 1, 1)
_LOOK: Final = 20_000
"""Days without an occurrence that are looked at before giving up, shared by the rules of a set."""
_LEAST_LOOK: Final = 2_000
_MOST_EXCLUDED: Final = 20_000
_WEEKS_IN_A_YEAR: Final = 53
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Rules and dates that include and exclude, all in wall time of one zone."""

    zone: tzinfo
    rules: tuple[RecurrenceRule, ...]
    excluded_rules: tuple[RecurrenceRule, ...]
    dates: tuple[datetime, ...]
    excluded_dates: tuple[datetime, ...]

    def moments(self, start: datetime) -> Iterator[datetime]:
        """The moments in UTC at or after `start`, strictly increasing."""
        walls = self._walls(earliest_wall(start, self.zone))
        return dropwhile(lambda moment: moment < start, moments(walls, self.zone))

    def _walls(self, after: datetime) -> Iterator[datetime]:
        included = self._merged(self.rules, self.dates, after)
        excluded = self._merged(self.excluded_rules, self.excluded_dates, after)
        barrier = next(excluded, None)
        left = _MOST_EXCLUDED
        for wall in included:
            while barrier is not None and barrier < wall:
                barrier = next(excluded, None)
            if barrier == wall:
                left -= 1
                if not left:
                    return
                continue
            left = _MOST_EXCLUDED
            yield wall

    def _merged(
        self, rules: tuple[RecurrenceRule, ...], dates: tuple[datetime, ...], after: datetime
    ) -> Iterator[datetime]:
        look = max(_LEAST_LOOK, _LOOK // max(1, len(rules)))
        streams = [occurrences(rule, after, look=look) for rule in rules]
        return heapq.merge((wall for wall in dates if wall >= after), *streams)


def read_recurrence(text: str, zone: tzinfo) -> Recurrence:
    """Read DTSTART, RRULE, RDATE, EXRULE and EXDATE lines, or the value of one RRULE.

    `zone` is that of a DTSTART which names none. Without DTSTART a recurrence starts at midnight
    of 1 January 2020. Raises ValueError, saying what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(
            f"The rrule has {len(text):,} characters; at most {MAX_LENGTH:,} are supported"
        )
    lines = [_read_line(line) for line in text.split()]
    start = _DEFAULT_START
    for line in lines:
        if line.name == "DTSTART":
            start, zone = _read_start(line, zone)
    found: dict[str, list[datetime]] = {"RDATE": [], "EXDATE": []}
    rules: dict[str, list[RecurrenceRule]] = {"RRULE": [], "EXRULE": []}
    for line in lines:
        if line.name in rules:
            rules[line.name].append(_read_rule(line.value, start, zone))
        elif line.name in found:
            own = _zone_of(line, zone)
            found[line.name] += [_wall(value, own, zone) for value in line.value.split(",")]
    if not rules["RRULE"] and not found["RDATE"]:
        raise ValueError("The rrule says nothing that recurs: give an RRULE or an RDATE")
    return Recurrence(
        zone=zone,
        rules=tuple(rules["RRULE"]),
        excluded_rules=tuple(rules["EXRULE"]),
        dates=tuple(sorted(set(found["RDATE"]))),
        excluded_dates=tuple(sorted(set(found["EXDATE"]))),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    parameters: dict[str, str]
    value: str


def _read_line(line: str) -> _Line:
    left, colon, value = line.partition(":")
    if not colon:
        return _Line("RRULE", {}, line.upper())
    name, *parameters = left.split(";")
    if name.upper() not in {"DTSTART", "RRULE", "RDATE", "EXRULE", "EXDATE"}:
        raise ValueError(
            f"Unknown property {name!r} in the rrule: DTSTART, RRULE, RDATE, EXRULE, EXDATE exist"
        )
    pairs = (parameter.partition("=") for parameter in parameters)
    return _Line(name.upper(), {key.upper(): content for key, _, content in pairs}, value.upper())


def _read_start(line: _Line, zone: tzinfo) -> tuple[datetime, tzinfo]:
    own = _zone_of(line, zone)
    start = _read_datetime(line.value)
    return start.replace(tzinfo=None, microsecond=0), start.tzinfo or own


def _zone_of(line: _Line, zone: tzinfo) -> tzinfo:
    name = line.parameters.get("TZID")
    return zone if name is None else zone_named(name)


def _wall(value: str, own: tzinfo, zone: tzinfo) -> datetime:
    moment = _read_datetime(value)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=own)
    if aware.tzinfo is zone:
        return aware.replace(tzinfo=None)
    return aware.astimezone(zone).replace(tzinfo=None, fold=0)


def _read_datetime(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(
            f"{value!r} in the rrule is not a date: write 20240131T090000 or 20240131T090000Z"
        ) from error


@dataclass(slots=True)
class _Parts:
    """The parts of one rule, taken one by one, so that what is left over is an error."""

    values: dict[str, str] = field(default_factory=dict[str, str])

    def one_of(self, *names: str) -> str | None:
        given = [self.values.pop(name) for name in names if name in self.values]
        return given[-1] if given else None

    def integers(self, name: str, low: int, high: int, *, from_end: bool) -> frozenset[int]:
        text = self.values.pop(name, None)
        if text is None:
            return frozenset()
        numbers = frozenset(_integer(name, item) for item in text.split(","))
        for number in numbers:
            size = -number if from_end and number < 0 else number
            if not low <= size <= high:
                raise ValueError(f"{name}={number} in the rrule is outside {low} to {high}")
        return numbers


def _read_rule(text: str, start: datetime, zone: tzinfo) -> RecurrenceRule:
    parts = _Parts()
    for part in text.strip(";").split(";"):
        name, _, value = part.partition("=")
        parts.values[name] = value
    if "COUNT" in parts.values:
        raise ValueError(
            "COUNT is not supported in an rrule: use UNTIL, or create the runs one by one"
        )
    frequency, interval = _frequency(parts.one_of("FREQ")), parts.one_of("INTERVAL")
    until, week_start = parts.one_of("UNTIL"), parts.one_of("WKST")
    weekdays = parts.one_of("BYDAY", "BYWEEKDAY")
    rule = RecurrenceRule(
        frequency=frequency,
        start=start,
        interval=1 if interval is None else _positive("INTERVAL", interval),
        until=None if until is None else _wall(until, zone, zone),
        week_start=0 if week_start is None else _weekday(week_start)[0],
        by_position=parts.integers("BYSETPOS", 1, 366, from_end=True),
        by_month=parts.integers("BYMONTH", 1, 12, from_end=False),
        by_month_day=parts.integers("BYMONTHDAY", 1, 31, from_end=True),
        by_year_day=parts.integers("BYYEARDAY", 1, 366, from_end=True),
        by_week=parts.integers("BYWEEKNO", 1, _WEEKS_IN_A_YEAR, from_end=True),
        by_easter=parts.integers("BYEASTER", 0, 366, from_end=True),
        by_day=frozenset(_each(weekdays, _weekday)),
        by_hour=parts.integers("BYHOUR", 0, 23, from_end=False),
        by_minute=parts.integers("BYMINUTE", 0, 59, from_end=False),
        by_second=parts.integers("BYSECOND", 0, 59, from_end=False),
    )
    if parts.values:
        raise ValueError(f"Unknown part {next(iter(parts.values))!r} in the rrule {text!r}")
    return rule


def _frequency(name: str | None) -> Frequency:
    try:
        return Frequency[name or ""]
    except KeyError:
        known = ", ".join(frequency.name for frequency in Frequency)
        raise ValueError(f"An rrule needs FREQ, one of {known}; it says {name!r}") from None


def _each(text: str | None, read: Callable[[str], tuple[int, int]]) -> Iterator[tuple[int, int]]:
    return (read(item) for item in text.split(",")) if text is not None else iter(())


def _weekday(text: str) -> tuple[int, int]:
    number, name = text[:-2], text[-2:]
    if name not in _WEEKDAYS:
        raise ValueError(f"{text!r} in the rrule is not a weekday such as MO, 2FR or -1SU")
    count = _integer("BYDAY", number) if number else 0
    if number and not 1 <= abs(count) <= _WEEKS_IN_A_YEAR:
        raise ValueError(f"{text!r} in the rrule: the number of a weekday is 1 to 53 or -1 to -53")
    return _WEEKDAYS.index(name), count


def _positive(name: str, text: str) -> int:
    number = _integer(name, text)
    if number < 1:
        raise ValueError(f"{name} in the rrule must be at least 1, not {number}")
    return number


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} in the rrule must be whole numbers, not {text!r}") from None
