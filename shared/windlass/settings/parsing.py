"""From what a file or a variable says to the value of a setting."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Final, Literal, cast, get_args, get_origin

from windlass.exceptions import SettingInvalid
from windlass.settings.catalogue import Setting, Status
from windlass.settings.secret import MASK, Secret


def parse(setting: Setting, raw: object, source: str) -> object:
    """The value that `raw` means for a setting; a void one takes anything.

    `source` is where it was found. Raises SettingInvalid, saying what is wrong, where, and what
    would be right.
    """
    if setting.status is Status.VOID:
        return raw
    try:
        value = _read(setting.kind, raw)
        _check_range(setting, value)
        _check_start(setting, value)
    except ValueError as error:
        shown = MASK if setting.secret else repr(raw)
        raise SettingInvalid(
            f"{setting.name} is {shown} (from {source}), but it takes {error}."
            " Change it there or take it out."
        ) from None
    return value


def parse_duration(text: str) -> timedelta:
    """A length of time: seconds, ISO 8601 (`PT1H`, `P7D`), `1:00:00`, `2 days, 1:00:00` or `2d`.

    Raises ValueError for anything else.
    """
    for pattern in (_ISO_DURATION, _CLOCK_DURATION, _SHORT_DURATION):
        found = re.fullmatch(pattern, text.strip(), re.IGNORECASE)
        if found and any(found.groups()):
            parts = {name: float(number or 0) for name, number in found.groupdict().items()}
            return timedelta(**parts)
    return timedelta(seconds=float(text))


_DURATION: Final = "a length of time: seconds, ISO 8601 such as PT1H, or 1:00:00"
_NUMBER: Final = r"\d+(?:\.\d+)?"
# Texts, not compiled: few processes read a duration, and compiling takes a millisecond.
_ISO_DURATION: Final = (
    rf"P(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?"
)
_CLOCK_DURATION: Final = (
    r"(?:(?P<days>\d+)(?: days?,? |d,? ?))?(?P<hours>\d+):(?P<minutes>\d\d)"
    r"(?::(?P<seconds>\d\d(?:\.\d+)?))?"
)
_SHORT_DURATION: Final = (
    rf"(?:(?P<weeks>{_NUMBER}) ?w(?:eeks?)?)? ?(?:(?P<days>{_NUMBER}) ?d(?:ays?)?)?"
    rf" ?(?:(?P<hours>{_NUMBER}) ?h(?:ours?)?)? ?(?:(?P<minutes>{_NUMBER}) ?m(?:in(?:utes?)?)?)?"
    rf" ?(?:(?P<seconds>{_NUMBER}) ?s(?:ec(?:onds?)?)?)?"
)
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


def _read(kind: object, raw: object) -> object:
    if get_origin(kind) is Literal:
        return _read_choice(get_args(kind), raw)
    if isinstance(kind, UnionType) and NoneType in get_args(kind):
        if raw is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    return _READERS[kind](raw)


def _check_range(setting: Setting, value: object) -> None:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = setting.at_least, setting.at_most
    if low is not None and value < low:
        raise ValueError(f"a number of at least {low:g}")
    if high is not None and value > high:
        raise ValueError(f"a number of at most {high:g}")


def _check_start(setting: Setting, value: object) -> None:
    if setting.starts and isinstance(value, str) and not value.startswith(setting.starts):
        raise ValueError(f"an address that starts with {' or '.join(setting.starts)}")


def _read_choice(choices: tuple[str, ...], raw: object) -> str:
    for choice in choices:
        if isinstance(raw, str) and raw.casefold() == choice.casefold():
            return choice
    raise ValueError(f"one of {', '.join(choices)}")


def _read_text(raw: object) -> str:
    if isinstance(raw, bool | list | dict) or raw is None:
        raise ValueError("text")
    return raw.get_secret_value() if isinstance(raw, Secret) else str(raw)


def _read_secret(raw: object) -> Secret:
    return raw if isinstance(raw, Secret) else Secret(_read_text(raw))


def _read_bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).casefold()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("true or false")


def _read_int(raw: object) -> int:
    if isinstance(raw, int | str) and not isinstance(raw, bool):
        try:
            return int(raw)
        except ValueError:
            pass
    raise ValueError("a whole number")


def _read_float(raw: object) -> float:
    if isinstance(raw, int | float | str) and not isinstance(raw, bool):
        try:
            number = float(raw)
        except ValueError:
            pass
        else:
            if number - number == 0:  # neither infinite nor NaN
                return number
    raise ValueError("a number")


def _read_duration(raw: object) -> timedelta:
    if isinstance(raw, timedelta):
        return raw
    try:
        return parse_duration(_read_text(raw))
    except (ValueError, OverflowError):
        raise ValueError(_DURATION) from None


def _read_path(raw: object) -> Path:
    return raw if isinstance(raw, Path) else Path(_read_text(raw))


def _read_names(raw: object) -> tuple[str, ...]:
    return tuple(_read_text(item).strip() for item in _items(raw) if item != "")


def _read_delays(raw: object) -> float | tuple[float, ...]:
    try:
        return _read_float(raw)
    except ValueError:
        pass
    try:
        return tuple(_read_float(item) for item in _items(raw))
    except ValueError:
        raise ValueError("a number or a list of numbers") from None


def _items(raw: object) -> list[object]:
    if isinstance(raw, str):
        if raw.lstrip().startswith("["):
            return _json_list(raw)
        return list(raw.split(","))
    if isinstance(raw, list | tuple):
        return list(cast("list[object]", raw))
    raise ValueError("a list, or text with commas")


def _json_list(text: str) -> list[object]:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("a list such as [1, 2]") from None


_READERS: Final[dict[object, Callable[[object], object]]] = {
    str: _read_text,
    Secret: _read_secret,
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    timedelta: _read_duration,
    Path: _read_path,
    tuple[str, ...]: _read_names,
    float | tuple[float, ...]: _read_delays,
}
