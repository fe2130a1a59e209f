"""The options that say when something runs: the same for every command that takes a schedule."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, TypeVar

import click

from windlass.cli.parameters import reason_of
from windlass.schedules import Schedule

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class When(TypedDict):
    """What the options say."""

    cron: str | None
    interval: float | None
    anchor_date: datetime | None
    rrule: str | None
    timezone: str | None


def schedule_options(command: CommandT) -> CommandT:
    """Give a command the options of `When`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def schedule_from(when: When, *, day_or: bool = True, active: bool = True) -> Schedule | None:
    """The schedule that the options mean; None without one, a usage error for half of one."""
    interval, anchor_date = when["interval"], when["anchor_date"]
    if anchor_date is not None and interval is None:
        raise click.UsageError("--anchor-date goes with --interval.")
    if interval is None and when["cron"] is None and when["rrule"] is None:
        if when["timezone"] is not None:
            raise click.UsageError("--timezone goes with --cron, --interval or --rrule.")
        return None
    try:
        return Schedule(
            interval=None if interval is None else timedelta(seconds=interval),
            anchor_date=anchor_date,
            cron=when["cron"],
            rrule=when["rrule"],
            timezone=when["timezone"],
            day_or=day_or,
            active=active,
        )
    except ValueError as error:
        raise click.UsageError(f"{reason_of(error)}.") from error


_OPTIONS: Final = (
    click.option("--cron", help="A cron line, such as `0 9 * * MON-FRI`."),
    click.option("--interval", type=click.FloatRange(0.0001), help="Seconds between two runs."),
    click.option("--anchor-date", type=click.DateTime(), help="A moment the interval starts at."),
    click.option("--rrule", help="A recurrence rule (RFC 5545)."),
    click.option("--timezone", help="Of the schedule, such as `America/New_York`."),
)
