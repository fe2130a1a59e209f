"""The settings of this process, and settings for the length of a `with` block."""

import os
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

from windlass.settings.catalogue import INTERNAL_PREFIX, Setting, Status, find, setting_named
from windlass.settings.groups import PREFIX
from windlass.settings.parsing import parse
from windlass.settings.profiles import Profile, ProfilesCollection, save_profiles
from windlass.settings.resolve import assemble, current_directory, profiles_of, resolve
from windlass.settings.root import Settings
from windlass.settings.sources import OVERRIDE, Given

Named: TypeAlias = Setting | str
"""A setting, its environment variable or its dotted path."""


class SettingWarning(UserWarning):
    """A setting that was given is unknown, or has no effect."""


def get_current_settings() -> Settings:
    """The settings of the surrounding `temporary_settings` or `use_profile`, else of the process.

    Those of the process are read at the first call, and again when its environment or its working
    directory changed; a change of a file is not seen. Raises SettingInvalid and ProfileInvalid.
    """
    override = _override.get()
    return _of_the_process() if override is None else override


@contextmanager
def temporary_settings(
    updates: Mapping[Named, object] | None = None,
    *,
    set_defaults: Mapping[Named, object] | None = None,
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
        profile = profiles_of(environment, directory)[0][profile]
    if override_environment_variables:
        known = [setting for written in profile.settings if (setting := find(written))]
        for name in (name for setting in known for name in setting.names):
            environment.pop(name, None)
    with _overridden(_told(resolve(environment, directory, profile=profile))) as settings:
        yield settings


def current_profiles() -> tuple[ProfilesCollection, Path]:
    """The profiles there are, stock ones included, and the file to save them in."""
    return profiles_of(os.environ, current_directory())


def update_current_profile(changes: Mapping[Named, str | None]) -> Profile:
    """Give settings of the active profile other values, None taking one out, and save it.

    Raises SettingInvalid, and then saves nothing, if there is no such setting or it cannot have
    this value.
    """
    profiles, path = current_profiles()
    texts: dict[str, str | None] = {}
    for named, text in changes.items():
        setting = _setting(named)
        if text is not None and setting.status is not Status.VOID:
            parse(setting, text, f"profile {get_current_settings().profile!r}")
        texts |= dict.fromkeys(setting.names) | {setting.name: text}
    profile = profiles[get_current_settings().profile].updated(texts)
    save_profiles(profiles.with_profile(profile), path)
    return profile


def check_value(named: Named, value: object, source: str) -> object:
    """The value that a setting takes from this one. Raises SettingInvalid, naming the source."""
    return parse(_setting(named), value, source)


def handed_over(name: str) -> str | None:
    """What the process that started this one said under `WINDLASS__` and this name."""
    return os.environ.get(INTERNAL_PREFIX + name)


_override: ContextVar[Settings | None] = ContextVar("windlass_settings", default=None)
_cached: tuple[object, Settings] | None = None
_told_before: set[str] = set()


def _of_the_process() -> Settings:
    global _cached  # noqa: PLW0603 (a cache is what this is)
    directory = current_directory()
    key = (directory, [(name, os.environ[name]) for name in os.environ if name.startswith(PREFIX)])
    if _cached is None or _cached[0] != key:
        _cached = (key, _told(resolve(os.environ, directory)))
    return _cached[1]


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


def _with_effect(values: Mapping[Named, object]) -> list[tuple[str, object]]:
    found = [(_setting(named), value) for named, value in values.items()]
    for setting, _ in found:
        if setting.status is Status.VOID:
            notice = f"{setting.name} has no effect: {setting.description}."
            warnings.warn(notice, SettingWarning, stacklevel=4)
    return [(setting.path, value) for setting, value in found if setting.status is not Status.VOID]


def _setting(named: Named) -> Setting:
    return named if isinstance(named, Setting) else setting_named(named)
