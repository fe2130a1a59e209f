"""Moments and lengths of time, as people write and read them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from windlass.cli.moments import read_delay, read_moment, tell_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 10, 12, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("in 5 minutes", timedelta(minutes=5)),
        ("2 hours", timedelta(hours=2)),
        ("1h 30m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("an hour and 10 seconds", timedelta(hours=1, seconds=10)),
        ("in a day, 2 hrs", timedelta(days=1, hours=2)),
        ("0.5s", timedelta(milliseconds=500)),
        ("In 2 Weeks", timedelta(weeks=2)),
    ],
)
def test_a_length_of_time_is_read(text: str, delay: timedelta) -> None:
    assert read_delay(text) == delay


@pytest.mark.parametrize("text", ["", "in", "soon", "5", "5 parsecs", "in minutes", "5 minutes x"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|is not a number and a unit"):
        read_delay(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("at 5:30pm", "2026-03-10T17:30:00+01:00"),
        ("17:30", "2026-03-10T17:30:00+01:00"),
        ("at 9am", "2026-03-11T09:00:00+01:00"),
        ("tomorrow at 9am", "2026-03-11T09:00:00+01:00"),
        ("tomorrow", "2026-03-11T00:00:00+01:00"),
        ("at 2022-08-01 17:30", "2022-08-01T17:30:00+02:00"),
        ("2026-08-01 17:30:05", "2026-08-01T17:30:05+02:00"),
        ("2026-03-10T20:00:00Z", "2026-03-10T20:00:00+00:00"),
    ],
)
def test_a_moment_is_read_in_the_zone_of_the_clock(text: str, moment: str) -> None:
    assert read_moment(text, NOON).isoformat() == moment


@pytest.mark.parametrize("text", ["", "at", "whenever", "25:70"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|is not a date or a time"):
        read_moment(text, NOON)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "now"),
        (-1, "1 second ago"),
        (-59, "59 seconds ago"),
        (299.5, "in 5 minutes"),
        (-3599, "1 hour ago"),
        (7200, "in 2 hours"),
        (-86_400 * 3, "3 days ago"),
    ],
)
def test_a_moment_is_told_from_now(seconds: float, told: str) -> None:
    assert tell_moment(NOON + timedelta(seconds=seconds), NOON) == told


def test_no_moment_is_told_as_nothing() -> None:
    assert tell_moment(None, NOON) == ""
