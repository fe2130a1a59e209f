"""Schedules: by an interval, a cron line or a recurrence rule, and the dates they name."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Annotated, Final, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from windlass.clock import utc_now
from windlass.schemas.base import JsonObject, Shape
from windlass.schemas.fields import Duration
from windlass.schemas.recurrence import MAX_LENGTH, read_recurrence
from windlass.schemas.wall_clock import earliest_wall, moments, zone_named

if TYPE_CHECKING:
    from croniter import croniter


def _known_zone(name: str) -> str:
    zone_named(name)
    return name


def _valid_cron(line: str) -> str:
    if _RANDOM_OR_HASHED.search(line):
        raise ValueError(f"Cron line {line!r}: the keywords R and H are not supported")
    try:
        _croniter().expand(line)
    except ValueError as error:
        raise ValueError(f"Cron line {line!r} is not valid: {error}") from error
    return line


TimeZoneName: TypeAlias = Annotated[str, AfterValidator(_known_zone)]
"""An IANA name, such as `America/New_York`."""


class IntervalSchedule(Shape):
    """Every `interval` before and after `anchor_date`, which is a phase, not a start.

    An interval of 24 hours or more keeps the hour of the local clock over changes of daylight
    saving time; a shorter one is exact time. An anchor without a time zone is read in `timezone`,
    and one with an IANA zone gives `timezone` its value; it is kept in UTC.
    """

    interval: Annotated[Duration, Field(gt=timedelta(0))]
    anchor_date: datetime = Field(default_factory=utc_now)
    timezone: TimeZoneName | None = None

    @model_validator(mode="after")
    def _place_anchor(self) -> Self:
        own = self.anchor_date.tzinfo
        if own is None:
            own = _zone(self.timezone)
        elif self.timezone is None:
            self.timezone = own.key if isinstance(own, ZoneInfo) else "UTC"
        self.anchor_date = self.anchor_date.replace(tzinfo=own).astimezone(UTC)
        return self

    def dates(self, start: datetime, *, end: datetime | None = None) -> Iterator[datetime]:
        """The dates of the schedule from `start` to `end`, both included; see `Schedule`."""
        if self.interval < _A_DAY:
            return _between(_every(self.interval, self.anchor_date, start), start, end)
        zone = _zone(self.timezone)
        anchor = self.anchor_date.astimezone(zone).replace(tzinfo=None)
        walls = _every(self.interval, anchor, earliest_wall(start, zone))
        return _between(moments(walls, zone), start, end)


class CronSchedule(Shape):
    """When the clock on the wall of `timezone` (UTC) agrees with a cron line.

    `day_or` false makes day of month and day of week both apply, where cron takes either.
    """

    cron: Annotated[str, AfterValidator(_valid_cron)]
    timezone: TimeZoneName | None = None
    day_or: bool = True

    def dates(self, start: datetime, *, end: datetime | None = None) -> Iterator[datetime]:
        """The dates of the schedule from `start` to `end`, both included; see `Schedule`."""
        zone = _zone(self.timezone)
        walls = self._walls(earliest_wall(start, zone))
        return _between(moments(walls, zone), start, end)

    def _walls(self, after: datetime) -> Iterator[datetime]:
        # croniter names what comes after a whole second.
        before = (max(after, _FIRST) - _A_MICROSECOND).replace(microsecond=0)
        lines = _croniter()(self.cron, before, day_or=self.day_or)
        try:
            while True:
                yield lines.get_next(datetime)
        except (ValueError, OverflowError):
            return  # a line such as "0 0 30 2 *" names no date, and no year follows 9999


class RRuleSchedule(Shape):
    """When an iCalendar recurrence (RFC 5545) occurs: one RRULE, or lines of DTSTART, RRULE,
    RDATE, EXRULE and EXDATE.

    A start in UTC (`DTSTART:20240101T090000Z`) keeps its hour in UTC. One without a zone is a
    wall time in `timezone` and keeps its hour there.
    """

    rrule: Annotated[str, StringConstraints(max_length=MAX_LENGTH)]
    timezone: TimeZoneName | None = "UTC"

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        read_recurrence(self.rrule, _zone(self.timezone))
        return self

    def dates(self, start: datetime, *, end: datetime | None = None) -> Iterator[datetime]:
        """The dates of the schedule from `start` to `end`, both included; see `Schedule`."""
        recurrence = read_recurrence(self.rrule, _zone(self.timezone))
        return _between(recurrence.moments(start), start, end)


Schedule: TypeAlias = IntervalSchedule | CronSchedule | RRuleSchedule
"""Any schedule. `dates` is lazy and pure, gives aware moments in UTC, strictly increasing, never
before `start`, and at most 1,000 of them; what it costs does not grow with the age of an anchor."""

MAX_DATES: Final = 1_000


def schedule_fingerprint(schedule: Schedule, parameters: JsonObject | None = None) -> str:
    """What a schedule says as 16 hexadecimal digits, the same in every process and after a
    redeployment; for idempotency keys, where a schedule's id would change.

    `parameters` are those bound to the schedule: two schedules of one deployment that differ only
    in them both run. A time zone left out equals UTC.
    """
    definition = schedule.model_dump(mode="json")
    definition["timezone"] = definition["timezone"] or "UTC"
    said = json.dumps([definition, parameters or {}], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


_A_DAY: Final = timedelta(days=1)
_A_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min + timedelta(days=1)
_RANDOM_OR_HASHED: Final = re.compile(r"(^|[\s,])[RH]([\s,/(]|$)", re.IGNORECASE)


def _zone(name: str | None) -> tzinfo:
    return UTC if name is None else zone_named(name)


def _between(
    dates: Iterator[datetime], start: datetime, end: datetime | None
) -> Iterator[datetime]:
    due = (date for date in dates if date >= start)
    return islice(due if end is None else takewhile(lambda date: date <= end, due), MAX_DATES)


def _every(interval: timedelta, anchor: datetime, start: datetime) -> Iterator[datetime]:
    try:
        date = anchor - (anchor - start) // interval * interval
        while True:
            yield date
            date += interval
    except OverflowError:
        return  # the calendar ends with the year 9999


def _croniter() -> "type[croniter]":
    # Importing it costs as much as importing pydantic; a flow run has no use for it.
    from croniter import croniter  # noqa: PLC0415

    return croniter
