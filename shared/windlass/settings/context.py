"""The settings of this process, and settings for the length of a `with` block."""

import os
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from windlass.settings.catalogue import INTERNAL_PREFIX, Setting, Status, find, setting_named
from windlass.settings.groups import PREFIX
from windlass.settings.parsing import parse
from windlass.settings.profiles import Profile, ProfilesCollection, save_profiles
from windlass.settings.resolve import (
    assemble,
    current_directory,
    profiles_of,
    resolve,
)
from windlass.settings.root import Settings
from windlass.settings.sources import OVERRIDE, Given
from windlass.settings.view import value_of


@dataclass(frozen=True, slots=True)
class NamedSetting:
    """What `from windlass.settings import WINDLASS_API_URL` gives."""

    setting: Setting

    @property
    def name(self) -> str:
        """Its environment variable."""
        return self.setting.name

    def value(self) -> object:
        """Its value in the current settings; its default if it is not honoured."""
        return value_of(get_current_settings(), self.setting)


Named: TypeAlias = NamedSetting | str
"""A setting as it can be imported, its environment variable, or its dotted path."""
Values: TypeAlias = Mapping[NamedSetting, object] | Mapping[str, object]


class SettingWarning(UserWarning):
    """A setting that was given is unknown, or has no effect."""


def get_current_settings() -> Settings:
    """The settings of the surrounding `temporary_settings` or `use_profile`, else of the process.

    Those of the process are read at the first call, and again when its environment, its working
    directory or the file of its profiles changed; a change of a project's file is not seen. Raises
    SettingInvalid and ProfileInvalid.
    """
    override = _override.get()
    return _of_the_process() if override is None else override


@contextmanager
def temporary_settings(
    updates: Values | None = None,
    *,
    set_defaults: Values | None = None,
    restore_defaults: Iterable[Named] = (),
) -> Generator[Settings]:
    """Other settings inside the block: `updates` replace values, `set_defaults` give values to
    settings that have none, `restore_defaults` takes values away. Raises SettingInvalid.
    """
    current = get_current_settings()
    given = dict(current.given)
    for named in restore_defaults:
        given.pop(_setting(named).path, None)
    for path, value in _with_effect(set_defaults or {}):
        given.setdefault(path, Given(value, OVERRIDE))
    for path, value in _with_effect(updates or {}):
        given[path] = Given(value, OVERRIDE)
    with _overridden(assemble(given, profile=current.profile)) as settings:
        yield settings


@contextmanager
def use_profile(
    profile: Profile | str, *, override_environment_variables: bool = False
) -> Generator[Settings]:
    """The settings with another profile inside the block.

    `override_environment_variables`: the profile goes before the environment. Raises
    ProfileInvalid if there is no such profile.
    """
    environment = dict(os.environ)
    directory = current_directory()
    if isinstance(profile, str):
        profile = profiles_of(environment, directory).profiles[profile]
    if override_environment_variables:
        known = [setting for written in profile.settings if (setting := find(written))]
        for name in (name for setting in known for name in setting.names):
            environment.pop(name, None)
    with _overridden(_told(resolve(environment, directory, profile=profile))) as settings:
        yield settings


def current_profiles() -> tuple[ProfilesCollection, Path]:
    """The profiles there are, stock ones included, and the file to save them in."""
    here = profiles_of(os.environ, current_directory())
    return here.profiles, here.path


def load_current_profile() -> Profile:
    """The profile in use: of the surrounding `use_profile`, of WINDLASS_PROFILE, or the active one.

    Works where a value in it is wrong, so that it can be put right. Raises ProfileInvalid if there
    is no profile of this name.
    """
    here = profiles_of(os.environ, current_directory())
    override = _override.get()
    return here.profiles[here.in_use if override is None else override.profile]


def update_current_profile(changes: Mapping[str, str | None]) -> Profile:
    """Give settings of the profile in use other values, None taking one out, and save it.

    Raises SettingInvalid, and then saves nothing, if there is no such setting or it cannot have
    this value.
    """
    texts: dict[str, str | None] = {}
    for written, text in changes.items():
        setting = setting_named(written)
        if text is not None:
            parse(setting, text, "what was asked for")
        texts |= dict.fromkeys(setting.names) | {setting.name: text}
    profiles, path = current_profiles()
    profile = load_current_profile().updated(texts)
    save_profiles(profiles.with_profile(profile), path)
    return profile


def check_value(setting: Setting, value: object, source: str) -> object:
    """The value that a setting takes from this one. Raises SettingInvalid, naming the source."""
    return parse(setting, value, source)


def handed_over(name: str) -> str | None:
    """What the process that started this one said under `WINDLASS__` and this name."""
    return os.environ.get(INTERNAL_PREFIX + name)


def speak_with(key: str) -> None:
    """From now on this process, and every process that it starts, speaks to the API with this key.

    The pair of its environment is forgotten: a run needs no more than its own token.
    """
    os.environ[f"{PREFIX}API_KEY"] = key
    os.environ.pop(f"{PREFIX}API_AUTH_STRING", None)


def speak_for(execution_id: str) -> None:
    """From now on this process, and every process that it starts, is of this execution."""
    os.environ[f"{INTERNAL_PREFIX}EXECUTION_ID"] = execution_id


_override: ContextVar[Settings | None] = ContextVar("windlass_settings", default=None)
_cached: tuple[object, Settings] | None = None
_told_before: set[str] = set()


def _of_the_process() -> Settings:
    global _cached  # noqa: PLW0603 (a cache is what this is)
    directory = current_directory()
    variables = [(name, os.environ[name]) for name in os.environ if name.startswith(PREFIX)]
    if _cached is not None:
        key, settings = _cached
        if key == (directory, variables, _stamp(settings.profiles_path)):
            return settings
    settings = _told(resolve(os.environ, directory))
    _cached = ((directory, variables, _stamp(settings.profiles_path)), settings)
    return settings


def _stamp(path: Path) -> tuple[int, int] | None:
    """What differs between two contents of a file that is replaced as a whole."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _told(settings: Settings) -> Settings:
    for notice in settings.notices:
        if notice not in _told_before:
            _told_before.add(notice)
            warnings.warn(notice, SettingWarning, stacklevel=4)
    return settings


@contextmanager
def _overridden(settings: Settings) -> Generator[Settings]:
    token = _override.set(settings)
    try:
        yield settings
    finally:
        _override.reset(token)


def _with_effect(values: Values) -> list[tuple[str, object]]:
    found = [(_setting(named), value) for named, value in values.items()]
    for setting, _ in found:
        if setting.status is Status.VOID:
            notice = f"{setting.name} has no effect: {setting.description}."
            warnings.warn(notice, SettingWarning, stacklevel=4)
    return [(setting.path, value) for setting, value in found if setting.status is not Status.VOID]


def _setting(named: Named) -> Setting:
    return named.setting if isinstance(named, NamedSetting) else setting_named(named)
