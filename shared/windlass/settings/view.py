"""Settings as people and other processes see them: text, secrets masked unless asked for."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from windlass.settings.catalogue import Setting, Status, catalogue
from windlass.settings.root import Settings
from windlass.settings.secret import MASK, Secret

if TYPE_CHECKING:  # pydantic is not needed to read settings
    from windlass.schemas.base import JsonObject, JsonValue


class SettingView(NamedTuple):
    """One line of `windlass config view`."""

    name: str
    value: str
    source: str


def view(
    settings: Settings, *, show_defaults: bool = False, show_secrets: bool = False
) -> list[SettingView]:
    """The settings that have an effect and were given, by name; with `show_defaults`, all."""
    return [
        SettingView(
            setting.name,
            shown(setting, value_of(settings, setting), show_secrets=show_secrets),
            settings.source_of(setting.path),
        )
        for setting in catalogue().values()
        if setting.path in settings.given or (show_defaults and setting.status is Status.HONOURED)
    ]


def value_of(settings: Settings, setting: Setting) -> object:
    """The value of a setting: what it is for an honoured one, what was given for a mapped one."""
    if setting.status is Status.HONOURED:
        value: object = settings
        for part in setting.path.split("."):
            value = getattr(value, part)
        return value
    given = settings.given.get(setting.path)
    return setting.default if given is None else given.raw


def shown(setting: Setting, value: object, *, show_secrets: bool = False) -> str:
    """A value as text; of a secret URL only the password is masked."""
    text = as_text(value)
    if show_secrets or not setting.secret or value is None:
        return text
    return _without_password(text) if "://" in text else MASK


def as_text(value: object) -> str:
    """A value as an environment variable says it, secrets in the open."""
    match value:
        case Secret():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case timedelta():
            return iso_duration(value)
        case tuple():
            return json.dumps(value)
        case None:
            return "None"
        case _:
            return str(value)


def environment_of(settings: Settings, *, include_secrets: bool = True) -> dict[str, str]:
    """The environment variables that give another process what was given to this one.

    Defaults are left out: there, they may depend on its own machine.
    """
    return {
        setting.name: as_text(value)
        for setting in catalogue().values()
        if setting.path in settings.given and (include_secrets or not setting.secret)
        if (value := value_of(settings, setting)) is not None
    }


def documented_values(settings: Settings) -> "JsonObject":
    """Every documented setting by its groups, as the API answers it; secrets are masked."""
    document: JsonObject = {}
    for setting in catalogue().values():
        if not setting.documented or setting.path.startswith("redis."):
            continue
        *groups, name = setting.path.split(".")
        inner = document
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = _as_json(settings, setting)
    return document


def iso_duration(length: timedelta) -> str:
    """A length of time as ISO 8601, such as `P1DT2H`."""
    days, rest = divmod(length, timedelta(days=1))
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    seconds = f"{rest.total_seconds():g}"
    clock = "".join(_counted((hours, "H"), (minutes, "M"), (seconds, "S")))
    date = "".join(_counted((days, "D")))
    return f"P{date}T{clock}" if clock else f"P{date}" if date else "PT0S"


def _counted(*parts: tuple[object, str]) -> Iterator[str]:
    return (f"{count}{unit}" for count, unit in parts if str(count) != "0")


def _as_json(settings: Settings, setting: Setting) -> "JsonValue":
    value = value_of(settings, setting)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return cast("JsonValue", value)
    if isinstance(value, tuple):
        return list(cast("tuple[object, ...]", value))
    if isinstance(value, Path | timedelta) or not setting.secret:
        return as_text(value).replace("$WINDLASS_HOME", str(settings.home))
    return shown(setting, value)


def _without_password(url: str) -> str:
    if "password=" in url:
        return MASK
    return re.sub(r"(://[^:/@]*):.*@", rf"\1:{MASK}@", url)
