"""Schedules: what holds for all of them, found out by generated examples."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from windlass.schemas.recurrence import read_recurrence
from windlass.schemas.recurrence_rule import RecurrenceRule, occurrences
from windlass.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule, Schedule

often = settings(deadline=None, max_examples=60)

ZONES = [
    "America/New_York",
    "America/St_Johns",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # a whole day skipped in December 2011
    "Africa/Casablanca",  # forward and back around Ramadan
    "Asia/Kathmandu",
    "UTC",
]
zones = st.sampled_from(ZONES)
starts = st.datetimes(
    min_value=datetime(2010, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)
)
crons = st.sampled_from(
    [
        "* * * * *",
        "*/5 * * * *",
        "30 * * * *",
        "0 */3 * * *",
        "30 2 * * *",
        "15,45 1-3 * * *",
        "0 0 * * MON-FRI",
        "59 23 l * *",
        "10 0 * * * 15,30",
    ]
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    zone = draw(zones)
    match draw(st.sampled_from(["cron", "interval", "rrule"])):
        case "cron":
            return CronSchedule(cron=draw(crons), timezone=zone)
        case "interval":
            interval = draw(st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
            anchor = draw(st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)))
            return IntervalSchedule(interval=interval, anchor_date=anchor, timezone=zone)
        case _:
            anchor = draw(st.datetimes(datetime(1990, 1, 1), datetime(2009, 1, 1)))
            text = f"DTSTART:{anchor:%Y%m%dT%H%M%S}\nRRULE:{draw(rules())}"
            return RRuleSchedule(rrule=text, timezone=zone)


def some(low: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(low, high).filter(bool), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(
        st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
    )
    parts: dict[str, object] = {"FREQ": frequency, "INTERVAL": draw(st.integers(1, 9))}
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(["MO", "WE", "SU"]))
    restrictions: dict[str, st.SearchStrategy[list[int] | list[str]]] = {
        "BYMONTH": some(1, 12),
        "BYMONTHDAY": some(-31, 31),
        "BYHOUR": some(0, 23),
        "BYMINUTE": some(0, 59),
        "BYSECOND": some(0, 59),
        "BYEASTER": some(-60, 90),
        "BYDAY": st.lists(
            st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True
        ),
    }
    if frequency in {"YEARLY", "MONTHLY"}:
        restrictions["BYDAY"] |= st.lists(
            st.sampled_from(["1MO", "2FR", "-1SU", "3WE", "-2TH"]), min_size=1, unique=True
        )
    chosen = draw(st.lists(st.sampled_from(sorted(restrictions)), max_size=2, unique=True))
    for name in chosen:
        parts[name] = ",".join(str(value) for value in draw(restrictions[name]))
    if chosen and frequency in {"YEARLY", "MONTHLY", "DAILY"} and draw(st.booleans()):
        parts["BYSETPOS"] = draw(st.sampled_from(["1", "-1", "2,-2"]))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@given(schedules(), starts)
@often
def test_dates_increase_in_utc_from_the_start_on(schedule: Schedule, start: datetime) -> None:
    dates = list(islice(schedule.dates(start), 60))
    assert all(moment.tzinfo is UTC for moment in dates)
    assert all(moment >= start for moment in dates)
    assert all(one < other for one, other in pairwise(dates))


@given(schedules(), starts, st.integers(0, 40), st.integers(-1, 1))
@often
def test_dates_do_not_depend_on_where_one_starts_to_look(
    schedule: Schedule, start: datetime, position: int, step: int
) -> None:
    dates = list(islice(schedule.dates(start), 60))
    assume(len(dates) > position)
    later = max(start, dates[position] + step * timedelta(microseconds=1))
    expected = [moment for moment in dates if moment >= later]
    assert list(islice(schedule.dates(later), len(expected))) == expected


@given(schedules(), starts, st.timedeltas(timedelta(0), timedelta(days=400)))
@often
def test_an_end_cuts_the_dates_and_changes_none(
    schedule: Schedule, start: datetime, length: timedelta
) -> None:
    end = start + length
    without = [moment for moment in islice(schedule.dates(start), 50) if moment <= end]
    assert list(islice(schedule.dates(start, end=end), 50))[: len(without)] == without
    assert all(moment <= end for moment in schedule.dates(start, end=end))


@given(rules(), st.datetimes(datetime(1995, 1, 1), datetime(2005, 1, 1)))
@settings(often, max_examples=150)
def test_a_rule_occurs_when_dateutil_says_so(rule: str, start: datetime) -> None:
    if "BYSETPOS" in rule:  # whose first period dateutil cuts at the start
        start = datetime(start.year, 1, 1)
    start = start.replace(microsecond=0)
    text = f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{rule};UNTIL=20200101T000000"
    ours = list(islice(occurrences(_rule(text), start, look=20_000), 80))
    assume(len(ours) == 80)  # dateutil looks for what never happens up to the year 9999
    assert ours == list(islice(rrulestr(text), 80))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYDAY=2FR;INTERVAL=2",
        "FREQ=YEARLY;BYDAY=-2TH",
        "FREQ=YEARLY;BYDAY=4TH;BYMONTH=11",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYYEARDAY=1,-1,100",
        "FREQ=MONTHLY;BYMONTHDAY=-1,31",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO",
        "FREQ=HOURLY;INTERVAL=5;BYHOUR=1,7,13",
        "FREQ=YEARLY;BYEASTER=-2",
        "FREQ=YEARLY",
        "FREQ=MONTHLY",
        "FREQ=WEEKLY",
    ],
)
def test_a_well_known_rule_occurs_when_dateutil_says_so(rule: str) -> None:
    text = f"DTSTART:18990131T093000\nRRULE:{rule}"
    ours = islice(occurrences(_rule(text), datetime(1899, 1, 31), look=20_000), 100)
    assert list(ours) == list(islice(rrulestr(text), 100))


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
@often
def test_weeks_are_those_of_the_iso_calendar(day: date) -> None:
    year, week, _ = day.isocalendar()
    count = datetime(year, 12, 28).isocalendar().week
    for number in (week, week - count - 1):
        rule = _rule(f"DTSTART:19800101T000000 RRULE:FREQ=DAILY;BYWEEKNO={number}")
        midnight = datetime(day.year, day.month, day.day)
        assert next(occurrences(rule, midnight, look=800)) == midnight


@pytest.mark.parametrize("zone", ZONES)
@given(starts)
@settings(often, max_examples=15)
def test_a_cron_line_names_every_hour_of_the_wall_once(zone: str, start: datetime) -> None:
    schedule = CronSchedule(cron="0 * * * *", timezone=zone)
    dates = list(islice(schedule.dates(start), 60))
    walls = [date.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for date in dates]
    assert len(set(walls)) == len(walls)
    minutes = (dates[0] + step * timedelta(minutes=1) for step in range(40 * 60))
    clocks = (minute.astimezone(ZoneInfo(zone)) for minute in minutes)
    hours = {clock.replace(tzinfo=None, fold=0) for clock in clocks if clock.minute == 0}
    assert {hour for hour in hours if hour >= walls[0]} <= set(walls)


def test_the_age_of_a_rule_does_not_make_it_slower() -> None:
    rule = _rule("DTSTART:00010101T000000 RRULE:FREQ=SECONDLY;INTERVAL=7")
    found = next(occurrences(rule, datetime(9000, 1, 1), look=1))
    assert timedelta(0) <= found - datetime(9000, 1, 1) < timedelta(seconds=7)


def _rule(text: str) -> RecurrenceRule:
    return read_recurrence(text, UTC).rules[0]
