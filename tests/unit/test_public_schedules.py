"""The schedules that user code writes for its deployments."""

from datetime import UTC, datetime, timedelta

import pytest

from windlass.schedules import Cron, Interval, RRule, Schedule, schedules_of
from windlass.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule


def test_each_constructor_makes_the_schedule_of_its_name() -> None:
    anchor = datetime(2024, 1, 1, tzinfo=UTC)
    assert Cron("0 8 * * 1", timezone="America/New_York").definition() == CronSchedule(
        cron="0 8 * * 1", timezone="America/New_York"
    )
    assert Interval(60, anchor_date=anchor).definition() == IntervalSchedule(
        interval=timedelta(minutes=1), anchor_date=anchor
    )
    assert RRule("RRULE:FREQ=DAILY;INTERVAL=1").definition() == RRuleSchedule(
        rrule="RRULE:FREQ=DAILY;INTERVAL=1", timezone="UTC"
    )


def test_a_schedule_binds_parameters_and_has_a_name() -> None:
    schedule = Cron("0 8 * * *", slug="jim-email", parameters={"to": "jim"}, active=False)
    assert (schedule.slug, schedule.parameters, schedule.active) == (
        "jim-email",
        {"to": "jim"},
        False,
    )


def test_a_schedule_is_checked_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="Cron line 'often' is not valid"):
        Cron("often")
    with pytest.raises(ValueError, match="COUNT is not supported"):
        RRule("FREQ=DAILY;COUNT=2")
    with pytest.raises(ValueError, match="Schedule slug 'Jim Email'"):
        Cron("0 8 * * *", slug="Jim Email")
    with pytest.raises(ValueError, match="given: cron, rrule"):
        Schedule(cron="0 8 * * *", rrule="FREQ=DAILY")
    with pytest.raises(ValueError, match="none of them"):
        Schedule()


def test_arguments_of_serve_take_one_schedule_or_many() -> None:
    assert schedules_of() is None
    assert schedules_of(cron="0 8 * * *") == [Cron("0 8 * * *")]
    assert schedules_of(cron=["0 8 * * *", "5 8 * * *"]) == [Cron("0 8 * * *"), Cron("5 8 * * *")]
    assert schedules_of(interval=[60, timedelta(hours=1)]) == [Interval(60), Interval(3600)]
    assert schedules_of(rrule="FREQ=DAILY") == [RRule("FREQ=DAILY")]
    assert schedules_of(schedule=Cron("0 8 * * *")) == [Cron("0 8 * * *")]
    assert schedules_of(schedules=iter([Interval(1), Cron("@daily")])) == [
        Interval(1),
        Cron("@daily"),
    ]


def test_arguments_of_serve_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="Give only one of interval, cron"):
        schedules_of(interval=60, cron="0 8 * * *")
