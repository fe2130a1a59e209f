"""The options that say when something runs."""

from datetime import datetime, timedelta
from typing import cast

import click
import pytest

from windlass.cli.deployments import describe_schedule
from windlass.cli.schedule_options import When, schedule_from

NEVER = When(cron=None, interval=None, anchor_date=None, rrule=None, timezone=None)


def when(**said: object) -> When:
    """What the options say: nothing but this."""
    return cast("When", {**NEVER, **said})


def test_without_options_there_is_no_schedule() -> None:
    assert schedule_from(NEVER) is None


def test_an_interval_is_in_seconds() -> None:
    schedule = schedule_from(when(interval=90.0, anchor_date=datetime(2026, 1, 1)), active=False)
    assert schedule is not None
    assert schedule.interval == timedelta(seconds=90)
    assert schedule.anchor_date == datetime(2026, 1, 1)
    assert not schedule.active


def test_a_cron_line_has_a_time_zone() -> None:
    schedule = schedule_from(when(cron="0 9 * * *", timezone="Europe/Berlin"), day_or=False)
    assert schedule is not None
    assert not schedule.day_or
    assert describe_schedule(schedule.definition()) == "cron 0 9 * * * (Europe/Berlin)"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"anchor_date": datetime(2026, 1, 1)}, "--anchor-date goes with --interval."),
        ({"timezone": "UTC"}, "--timezone goes with"),
        ({"cron": "* * * * *", "interval": 5.0}, "A schedule is one of"),
        ({"cron": "never"}, "Cron line 'never' is not valid"),
        ({"interval": 5.0, "timezone": "Nowhere"}, "Unknown time zone 'Nowhere'"),
        ({"rrule": "FREQ=NEVER"}, "NEVER"),
    ],
)
def test_half_a_schedule_is_wrong_usage(said: dict[str, object], reason: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        schedule_from(when(**said))
    assert reason in caught.value.message
    assert "\n" not in caught.value.message
