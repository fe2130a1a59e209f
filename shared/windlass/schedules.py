"""Schedules for deployments, as user code writes them: `Cron`, `Interval` and `RRule`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from windlass.schemas import schedules as schemas
from windlass.schemas.base import JsonObject


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a deployment runs. Exactly one of `interval`, `cron` and `rrule` is given.

    `parameters` override those of the deployment. `slug` names the schedule among those of its
    deployment: lowercase letters, digits and hyphens. Raises ValueError for anything else, and
    for a definition that cannot be read.
    """

    interval: timedelta | None = None
    cron: str | None = None
    rrule: str | None = None
    timezone: str | None = None
    anchor_date: datetime | None = None
    day_or: bool = True
    active: bool = True
    parameters: JsonObject = field(default_factory=dict[str, object])
    slug: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("interval", "cron", "rrule") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "A schedule is one of interval, cron and rrule; given: "
                + (", ".join(given) or "none of them")
            )
        if self.slug is not None and not _SLUG.fullmatch(self.slug):
            raise ValueError(
                f"Schedule slug {self.slug!r}: use lowercase letters, digits and hyphens only"
            )
        self.definition()

    def definition(self) -> schemas.Schedule:
        """What the API takes as `schedule`, which says when and nothing else."""
        if self.cron is not None:
            return schemas.CronSchedule(cron=self.cron, timezone=self.timezone, day_or=self.day_or)
        if self.rrule is not None:
            return schemas.RRuleSchedule(rrule=self.rrule, timezone=self.timezone or "UTC")
        assert self.interval is not None
        if self.anchor_date is None:
            return schemas.IntervalSchedule(interval=self.interval, timezone=self.timezone)
        return schemas.IntervalSchedule(
            interval=self.interval, anchor_date=self.anchor_date, timezone=self.timezone
        )


def Cron(
    cron: str,
    /,
    timezone: str | None = None,
    day_or: bool = True,
    active: bool = True,
    parameters: JsonObject | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule by a cron line such as `0 9 * * MON-FRI`, in `timezone` (UTC).

    `day_or` false makes day of month and day of week both apply, where cron takes either.
    """
    return Schedule(
        cron=cron,
        timezone=timezone,
        day_or=day_or,
        active=active,
        parameters=parameters or {},
        slug=slug,
    )


def Interval(
    interval: int | float | timedelta,
    /,
    anchor_date: datetime | None = None,
    timezone: str | None = None,
    active: bool = True,
    parameters: JsonObject | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule every `interval` (a number is in seconds) before and after `anchor_date` (now)."""
    return Schedule(
        interval=_as_timedelta(interval),
        anchor_date=anchor_date,
        timezone=timezone,
        active=active,
        parameters=parameters or {},
        slug=slug,
    )


def RRule(
    rrule: str,
    /,
    timezone: str | None = None,
    active: bool = True,
    parameters: JsonObject | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule by an iCalendar rule such as `RRULE:FREQ=MONTHLY;BYDAY=2FR`, in `timezone`."""
    return Schedule(
        rrule=rrule, timezone=timezone, active=active, parameters=parameters or {}, slug=slug
    )


def schedules_of(
    *,
    interval: int | float | timedelta | Iterable[int | float | timedelta] | None = None,
    cron: str | Iterable[str] | None = None,
    rrule: str | Iterable[str] | None = None,
    schedule: Schedule | None = None,
    schedules: Iterable[Schedule] | None = None,
) -> list[Schedule] | None:
    """The schedules that the keyword arguments of `serve` and `deploy` mean; None if none is
    given. Raises ValueError if more than one is.
    """
    arguments = {
        "interval": interval,
        "cron": cron,
        "rrule": rrule,
        "schedule": schedule,
        "schedules": schedules,
    }
    given = [name for name, value in arguments.items() if value is not None]
    if len(given) > 1:
        raise ValueError(f"Give only one of {', '.join(given)}; `schedules` takes any mixture")
    if interval is not None:
        several = [interval] if isinstance(interval, int | float | timedelta) else interval
        return [Interval(one) for one in several]
    if cron is not None:
        return [Cron(line) for line in ([cron] if isinstance(cron, str) else cron)]
    if rrule is not None:
        return [RRule(rule) for rule in ([rrule] if isinstance(rrule, str) else rrule)]
    if schedule is not None:
        return [schedule]
    return None if schedules is None else list(schedules)


_SLUG: Final = re.compile(r"[a-z0-9-]+")


def _as_timedelta(interval: float | timedelta) -> timedelta:
    return interval if isinstance(interval, timedelta) else timedelta(seconds=interval)
