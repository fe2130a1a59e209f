"""From what the sources say to settings: pure but for reading files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from windlass.exceptions import SettingInvalid
from windlass.settings import broker, connect_args, database_url
from windlass.settings.catalogue import (
    INTERNAL_PREFIX,
    PROFILE_VARIABLE,
    Setting,
    Status,
    effective,
    find,
    nearest,
    void_family,
)
from windlass.settings.groups import Field, build
from windlass.settings.parsing import parse
from windlass.settings.profiles import Profile, ProfilesCollection, load_profiles
from windlass.settings.root import Settings
from windlass.settings.sources import PROFILE, Given, Layer, layers_above_profile


def resolve(
    environment: Mapping[str, str],
    directory: Path | None,
    *,
    profile: str | Profile | None = None,
) -> Settings:
    """The settings of a process with this environment, started in this directory.

    Precedence: environment, `.env`, `windlass.toml` (or `prefect.toml`), `[tool.windlass]` (or
    `[tool.prefect]`) of `pyproject.toml`, the profile, the defaults. `profile` goes before
    WINDLASS_PROFILE, which goes before the one that the file calls active.

    Raises SettingInvalid and ProfileInvalid.
    """
    said = _Said()
    for layer in layers_above_profile(environment, directory):
        said.add(layer)
    if isinstance(profile, Profile):
        chosen = profile
    else:
        here = _profiles(said)
        chosen = here.profiles[profile or here.in_use]
    said.add(Layer(PROFILE, chosen.settings))
    return assemble(said.given, profile=chosen.name, notices=said.notices)


class ProfilesHere(NamedTuple):
    """The profiles there are, stock ones included."""

    profiles: ProfilesCollection
    path: Path
    """The file to save them in."""
    in_use: str
    """The name of the one in use, which need not be the active one of the file."""


def profiles_of(environment: Mapping[str, str], directory: Path | None) -> ProfilesHere:
    """The profiles that a process with this environment has. No value of them is checked.

    Raises ProfileInvalid, and SettingInvalid if the path of their file is none.
    """
    said = _Said()
    for layer in layers_above_profile(environment, directory):
        said.add(layer)
    return _profiles(said)


def assemble(given: Mapping[str, Given], *, profile: str, notices: Iterable[str] = ()) -> Settings:
    """Check what was given, by paths, and fill in the rest."""
    values = {path: _checked(effective()[path], said) for path, said in given.items()}
    home = _home(values.get("home", effective()["home"].default))
    database = values.get(database_url.TARGET) or database_url.composed(values)
    assert database is None or isinstance(database, str)
    derived = {
        "home": home,
        broker.TARGET: values.get(broker.TARGET) or _broker_url(values),
        database_url.TARGET: database and connect_args.with_connect_args(database, values),
    }
    pointless = [
        f"{effective()[path].name} (from {given[path].source}) has no effect: {why}."
        for path, why in (
            *broker.unused(values),
            *database_url.unused(values),
            *connect_args.unused(database, values),
        )
    ]
    values |= {path: value for path, value in derived.items() if value is not None}

    def value_of(path: str, declared: Field) -> object:
        return _expanded(values.get(path, declared.default), home)

    return build(
        Settings,
        value_of,
        profile=profile,
        given=dict(given),
        notices=(*notices, *pointless),
    )


class _Said:
    """What the layers so far say; the first that says something about a setting is right."""

    def __init__(self) -> None:
        self.given: dict[str, Given] = {}
        self.notices: list[str] = []
        self.profile: str | None = None

    def add(self, layer: Layer) -> None:
        found: dict[str, tuple[str, Given]] = {}
        for written, raw in layer.values.items():
            if written.startswith(INTERNAL_PREFIX):
                continue
            if written == PROFILE_VARIABLE:
                self.profile = self.profile or str(raw)
                continue
            setting = find(written)
            if setting is None:
                self.notices.append(_unknown(written, layer.source))
            elif setting.status is Status.VOID:
                self.notices.extend(_without_effect(setting, written, raw, layer.source))
            # The setting's own name goes before its older ones.
            elif setting.path not in found or written == setting.name:
                found[setting.path] = (written, Given(raw, layer.source))
        for path, (_, given) in found.items():
            self.given.setdefault(path, given)


def _unknown(written: str, source: str) -> str:
    family = void_family(written)
    if family is not None:
        return f"{written} (from {source}) has no effect: {family}."
    return f"{written} (from {source}) is not a setting.{nearest(written)}"


def _without_effect(setting: Setting, written: str, raw: object, source: str) -> list[str]:
    if str(raw).casefold() == str(setting.default).casefold():
        return []
    return [f"{written} (from {source}) has no effect: {setting.description}."]


def _profiles(said: _Said) -> ProfilesHere:
    declared = {path: effective()[path] for path in ("home", "profiles_path")}
    home, file = (
        _checked(setting, said.given[path]) if path in said.given else setting.default
        for path, setting in declared.items()
    )
    path = Path(str(_expanded(file, _home(home))))
    profiles = load_profiles(path)
    return ProfilesHere(profiles, path, said.profile or profiles.active_name)


def _checked(setting: Setting, given: Given) -> object:
    return parse(setting, given.raw, given.source)


def _home(value: object) -> Path:
    assert isinstance(value, Path)
    return value.expanduser().absolute()


def _expanded(value: object, home: Path) -> object:
    """The value with `$WINDLASS_HOME` in a path or a URL said in full."""
    if isinstance(value, Path):
        return Path(_with_home(str(value), home)).expanduser()
    return _with_home(value, home) if isinstance(value, str) else value


def _with_home(text: str, home: Path) -> str:
    return text.replace("${WINDLASS_HOME}", str(home)).replace("$WINDLASS_HOME", str(home))


def _broker_url(values: Mapping[str, object]) -> str | None:
    try:
        return broker.composed(values)
    except ValueError as error:
        raise SettingInvalid(f"{error}. Set WINDLASS_SERVER_BROKER_URL instead.") from error


def current_directory() -> Path | None:
    """The working directory; None if it was taken away."""
    try:
        return Path(os.getcwd())
    except FileNotFoundError:
        return None
