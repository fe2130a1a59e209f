"""Schedules: what is accepted, what is refused, and which dates they name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from windlass.schemas.schedules import (
    MAX_DATES,
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
    schedule_fingerprint,
)

SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)
NEW_YORK = "America/New_York"


def local(schedule: Schedule, start: datetime, count: int, zone: str = NEW_YORK) -> list[str]:
    dates = islice(schedule.dates(start), count)
    return [date.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") for date in dates]


def hours(first: datetime, dates: Iterator[datetime], count: int) -> list[float]:
    return [(date - first) / timedelta(hours=1) for date in islice(dates, count)]


def test_the_kind_of_a_schedule_follows_from_its_fields() -> None:
    kinds = [
        type(SCHEDULE.validate_python(fields))
        for fields in ({"interval": 60}, {"cron": "@hourly"}, {"rrule": "FREQ=DAILY"})
    ]
    assert kinds == [IntervalSchedule, CronSchedule, RRuleSchedule]


def test_the_wire_form_is_the_documented_one() -> None:
    anchor = datetime(2026, 1, 1, tzinfo=UTC)
    interval = IntervalSchedule(interval=timedelta(minutes=10), anchor_date=anchor)
    assert interval.model_dump(mode="json") == {
        "interval": 600.0,
        "anchor_date": "2026-01-01T00:00:00Z",
        "timezone": "UTC",
    }
    assert CronSchedule(cron="0 9 * * *").model_dump(mode="json") == {
        "cron": "0 9 * * *",
        "timezone": None,
        "day_or": True,
    }
    assert RRuleSchedule(rrule="FREQ=DAILY").model_dump(mode="json") == {
        "rrule": "FREQ=DAILY",
        "timezone": "UTC",
    }


@pytest.mark.parametrize("interval", [600, 600.0, "PT10M", "00:10:00", timedelta(minutes=10)])
def test_an_interval_is_seconds_or_iso_8601(interval: object) -> None:
    schedule = IntervalSchedule.model_validate({"interval": interval})
    assert schedule.interval == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"interval": 0}, "greater than 0"),
        ({"interval": 60, "timezone": "Mars/Olympus"}, "Unknown time zone 'Mars/Olympus'"),
        ({"interval": 60, "timezone": "America"}, "Unknown time zone 'America'"),
        ({"interval": 60, "timezone": "../etc/passwd"}, "Unknown time zone"),
        ({"cron": "61 * * * *"}, "Cron line '61 * * * *' is not valid"),
        ({"cron": "* * *"}, "is not valid"),
        ({"cron": ""}, "is not valid"),
        ({"cron": "R * * * *"}, "keywords R and H are not supported"),
        ({"cron": "0 H(0-7) * * *"}, "keywords R and H are not supported"),
        ({"cron": "H/15 * * * *"}, "keywords R and H are not supported"),
        ({"cron": "0 9 * * *", "timezone": "nowhere"}, "Unknown time zone"),
        ({"rrule": ""}, "says nothing that recurs"),
        ({"rrule": "FREQ=DAILY;COUNT=3"}, "COUNT is not supported in an rrule: use UNTIL"),
        ({"rrule": "RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY;COUNT=3"}, "COUNT is not supported"),
        ({"rrule": "FREQ=FORTNIGHTLY"}, "needs FREQ, one of YEARLY"),
        ({"rrule": "INTERVAL=2"}, "needs FREQ"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "at least 1"),
        ({"rrule": "FREQ=DAILY;BYHOUR=24"}, "BYHOUR=24 in the rrule is outside 0 to 23"),
        ({"rrule": "FREQ=DAILY;BYHOUR=noon"}, "whole numbers, not 'NOON'"),
        ({"rrule": "FREQ=DAILY;BYDAY=XX"}, "not a weekday"),
        ({"rrule": "FREQ=YEARLY;BYDAY=54MO"}, "1 to 53"),
        ({"rrule": "FREQ=DAILY;BYMOON=FULL"}, "Unknown part 'BYMOON'"),
        ({"rrule": "DTEND:20260101T000000"}, "Unknown property 'DTEND'"),
        ({"rrule": "DTSTART:tomorrow RRULE:FREQ=DAILY"}, "is not a date"),
        ({"rrule": "DTSTART;TZID=No/Where:20260101T000000 FREQ=DAILY"}, "Unknown time zone"),
        ({"rrule": "RDATE:" + "20260101," * 722}, "at most 6500 characters"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("*", r"\*")):
        SCHEDULE.validate_python(fields)


@pytest.mark.parametrize("line", ["@daily", "0 9 * * MON-FRI", "0 0 l * *", "0 9 * MAR,APR thu#2"])
def test_a_cron_line_may_use_the_words_of_croniter(line: str) -> None:
    assert next(CronSchedule(cron=line).dates(datetime(2026, 1, 1, tzinfo=UTC)))


def test_the_anchor_of_an_interval_is_a_phase_and_not_a_start() -> None:
    anchor = datetime(2030, 6, 1, 0, 7, tzinfo=UTC)
    schedule = IntervalSchedule(interval=timedelta(minutes=10), anchor_date=anchor)
    start = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert next(schedule.dates(start)) == datetime(2026, 1, 1, 12, 7, tzinfo=UTC)


def test_an_anchor_without_a_zone_is_read_in_the_zone_of_the_schedule() -> None:
    naive = datetime(2026, 1, 1)
    placed = IntervalSchedule(interval=timedelta(hours=1), anchor_date=naive, timezone=NEW_YORK)
    assert placed.anchor_date == datetime(2026, 1, 1, 5, tzinfo=UTC)
    unplaced = IntervalSchedule(interval=timedelta(hours=1), anchor_date=naive)
    assert unplaced.anchor_date == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_anchor_with_a_zone_gives_it_to_the_schedule() -> None:
    anchor = datetime(2026, 1, 1, tzinfo=ZoneInfo(NEW_YORK))
    assert IntervalSchedule(interval=timedelta(days=1), anchor_date=anchor).timezone == NEW_YORK


SPRING = datetime(2026, 3, 8, 5, tzinfo=UTC)  # New York skips 02:00 to 03:00 on this day
AUTUMN = datetime(2026, 11, 1, 4, tzinfo=UTC)  # and has 01:00 to 02:00 twice on this one


def test_an_hourly_interval_runs_every_hour_of_utc() -> None:
    schedule = IntervalSchedule(interval=timedelta(hours=1), anchor_date=SPRING, timezone=NEW_YORK)
    assert hours(SPRING, schedule.dates(SPRING), 4) == [0, 1, 2, 3]
    assert local(schedule, AUTUMN, 4) == ["01 00:00", "01 01:00", "01 01:00", "01 02:00"]


def test_an_hourly_cron_line_pauses_two_hours_when_clocks_go_back() -> None:
    schedule = CronSchedule(cron="0 * * * *", timezone=NEW_YORK)
    assert hours(AUTUMN, schedule.dates(AUTUMN), 4) == [0, 1, 3, 4]


def test_an_hourly_cron_line_runs_once_for_every_hour_when_clocks_go_forward() -> None:
    schedule = CronSchedule(cron="30 * * * *", timezone=NEW_YORK)
    assert local(schedule, SPRING, 4) == ["08 00:30", "08 01:30", "08 03:30", "08 04:30"]


def test_a_daily_time_that_is_skipped_runs_an_hour_later_that_day() -> None:
    schedule = CronSchedule(cron="30 2 * * *", timezone=NEW_YORK)
    assert local(schedule, SPRING, 2) == ["08 03:30", "09 02:30"]


def test_a_skipped_time_takes_its_place_among_the_times_after_it() -> None:
    schedule = CronSchedule(cron="15,45 2-3 8 3 *", timezone=NEW_YORK)
    times = local(schedule, SPRING, 2)
    assert times == ["08 03:15", "08 03:45"]
    odd = RRuleSchedule(
        rrule="RDATE:20260308T024500,20260308T031500,20260308T040000", timezone=NEW_YORK
    )
    assert local(odd, SPRING, 9) == ["08 03:15", "08 03:45", "08 04:00"]


def test_a_start_just_after_the_skipped_hour_still_sees_what_moved_there() -> None:
    schedule = CronSchedule(cron="45 2 * * *", timezone=NEW_YORK)
    assert local(schedule, datetime(2026, 3, 8, 7, 10, tzinfo=UTC), 1) == ["08 03:45"]


@pytest.mark.parametrize(
    "schedule",
    [
        CronSchedule(cron="0 9 * * *", timezone=NEW_YORK),
        IntervalSchedule(
            interval=timedelta(days=1), anchor_date=datetime(2025, 7, 1, 9), timezone=NEW_YORK
        ),
        RRuleSchedule(rrule="DTSTART:20250701T090000\nRRULE:FREQ=DAILY", timezone=NEW_YORK),
        RRuleSchedule(rrule=f"DTSTART;TZID={NEW_YORK}:20250701T090000 RRULE:FREQ=DAILY"),
    ],
)
def test_nine_in_the_morning_stays_nine_in_the_morning(schedule: Schedule) -> None:
    for change in (SPRING, AUTUMN):
        for clock in local(schedule, change - timedelta(days=2), 5):
            assert clock.endswith("09:00")


def test_an_rrule_that_starts_in_utc_keeps_its_hour_in_utc() -> None:
    rule = "DTSTART:20250701T090000Z\nRRULE:FREQ=DAILY"
    schedule = RRuleSchedule(rrule=rule, timezone=NEW_YORK)
    assert {date.hour for date in islice(schedule.dates(SPRING), 300)} == {9}


def test_day_or_decides_whether_both_days_must_agree() -> None:
    january = datetime(2026, 1, 1, tzinfo=UTC)
    either = CronSchedule(cron="0 0 3 1 2")
    both = CronSchedule(cron="0 0 3 1 2", day_or=False)
    assert [date.day for date in islice(either.dates(january), 5)] == [3, 6, 13, 20, 27]
    assert next(both.dates(january)) == datetime(2034, 1, 3, tzinfo=UTC)


def test_dates_are_between_start_and_end_with_both() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(hours=3)
    for schedule in (
        CronSchedule(cron="0 * * * *"),
        IntervalSchedule(interval=timedelta(hours=1), anchor_date=start),
        RRuleSchedule(rrule="FREQ=HOURLY"),
    ):
        assert hours(start, schedule.dates(start, end=end), 9) == [0, 1, 2, 3]


def test_at_most_a_thousand_dates_are_named() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for fields in ({"interval": 1}, {"cron": "* * * * *"}, {"rrule": "FREQ=SECONDLY"}):
        assert len(list(SCHEDULE.validate_python(fields).dates(start))) == MAX_DATES


def test_what_never_happens_ends() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for fields in (
        {"cron": "0 0 30 2 *"},
        {"rrule": "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=SECONDLY;BYSETPOS=7"},
        {"rrule": "RRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY"},
        {"rrule": "FREQ=WEEKLY;UNTIL=20240730T040000Z"},
    ):
        assert list(SCHEDULE.validate_python(fields).dates(start)) == []


def test_the_calendar_ends_quietly() -> None:
    start = datetime(9999, 12, 31, 22, 30, tzinfo=UTC)
    for fields in (
        {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"},
        {"interval": 86400, "anchor_date": "2026-01-01T23:00:00Z"},
        {"rrule": "FREQ=HOURLY"},
    ):
        assert len(list(SCHEDULE.validate_python(fields).dates(start))) == 1


def test_a_fingerprint_follows_the_definition_and_nothing_else() -> None:
    cron = CronSchedule(cron="0 9 * * *")
    assert schedule_fingerprint(cron) == "cd2d01cb129a3a76"
    assert schedule_fingerprint(cron) == schedule_fingerprint(
        CronSchedule(cron="0 9 * * *", timezone="UTC")
    )
    others = [
        schedule_fingerprint(CronSchedule(cron="0 10 * * *")),
        schedule_fingerprint(CronSchedule(cron="0 9 * * *", day_or=False)),
        schedule_fingerprint(CronSchedule(cron="0 9 * * *", timezone=NEW_YORK)),
        schedule_fingerprint(cron, {"name": "Ada"}),
    ]
    assert len({schedule_fingerprint(cron), *others}) == 5


def test_a_fingerprint_does_not_depend_on_how_an_anchor_is_written() -> None:
    written = ("2026-01-01T06:00:00Z", "2026-01-01T00:00:00-06:00")
    prints = {
        schedule_fingerprint(SCHEDULE.validate_python({"interval": 60, "anchor_date": anchor}))
        for anchor in written
    }
    assert len(prints) == 1
