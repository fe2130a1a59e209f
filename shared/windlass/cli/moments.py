"""Moments and lengths of time, as people write and read them."""

import re
from datetime import datetime, timedelta
from typing import Final

from dateutil.parser import ParserError, parse

_SECONDS: Final = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3_600,
    "hr": 3_600,
    "hour": 3_600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "week": 604_800,
}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?|an?)\s*([a-z]+?)s?(?=$|[\s,\d])", re.IGNORECASE)
_FILLER: Final = re.compile(r"^(in|and|,|\s)+", re.IGNORECASE)
_DAYS: Final = {"today": 0, "tomorrow": 1}
_NEARLY: Final = 0.99
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def read_delay(text: str) -> timedelta:
    """`in 5 minutes`, `2 hours`, `1h 30m`, `an hour and 10 seconds`. Raises ValueError."""
    rest, total = _FILLER.sub("", text.strip()), timedelta()
    if not rest:
        raise ValueError("it is empty")
    while rest:
        part = _PART.match(rest)
        seconds = _SECONDS.get(part[2].lower()) if part else None
        if part is None or seconds is None:
            raise ValueError(f"{rest!r} is not a number and a unit, such as `5 minutes`")
        number = 1.0 if part[1].lower().startswith("a") else float(part[1])
        total += timedelta(seconds=number * seconds)
        rest = _FILLER.sub("", rest[part.end() :])
    return total


def read_moment(text: str, now: datetime) -> datetime:
    """`at 5:30pm`, `tomorrow at 9am`, `2022-08-01 17:30`: in the zone of `now` unless it says one.

    A time of day that is over today means tomorrow. Raises ValueError.
    """
    words = re.sub(r"\bat\b", " ", text, flags=re.IGNORECASE).split()
    day = _DAYS.get(words[0].lower()) if words else None
    said = " ".join(words if day is None else words[1:])
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if day is not None:
        that_day = midnight + timedelta(days=day)
        return _parsed(said, that_day) if said else that_day
    moment = _parsed(said, midnight)
    if moment < now and _parsed(said, midnight + timedelta(days=1)) != moment:
        return _parsed(said, midnight + timedelta(days=1))
    return moment


def tell_moment(moment: datetime | None, now: datetime) -> str:
    """`3 minutes ago`, `in 2 hours`; nothing for no moment."""
    if moment is None:
        return ""
    seconds = (moment - now).total_seconds()
    for unit, size in _UNITS:
        count = round(abs(seconds) / size)
        if abs(seconds) >= size * _NEARLY:
            length = f"{count} {unit}{'s' * (count != 1)}"
            return f"in {length}" if seconds > 0 else f"{length} ago"
    return "now"


def _parsed(text: str, default: datetime) -> datetime:
    if not text:
        raise ValueError("it is empty")
    try:
        return parse(text, default=default)
    except (ParserError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a date or a time") from error
