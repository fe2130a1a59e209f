"""Profiles: named sets of settings in a file, one of them active."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

from windlass.exceptions import ProfileInvalid, SettingInvalid
from windlass.settings.sources import read_toml, write_private


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of settings, by their environment variables."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def updated(self, settings: Mapping[str, str | None]) -> "Profile":
        """This profile with these settings; None takes one out."""
        merged = {**self.settings, **settings}
        return replace(
            self, settings={name: text for name, text in merged.items() if text is not None}
        )


@dataclass(frozen=True, slots=True)
class ProfilesCollection:
    """Profiles by name, and which one is active."""

    profiles: Mapping[str, Profile]
    active_name: str

    @property
    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(self.profiles)

    @property
    def active_profile(self) -> Profile:
        """The active profile. Raises ProfileInvalid if there is none of its name."""
        return self[self.active_name]

    def __getitem__(self, name: str) -> Profile:
        try:
            return self.profiles[name]
        except KeyError:
            raise ProfileInvalid(
                f"There is no profile {name!r}; there are {', '.join(self.names)}."
                f" Create it with `windlass profile create {name}`."
            ) from None

    def with_profile(self, profile: Profile) -> "ProfilesCollection":
        """These profiles with one added or replaced."""
        return replace(self, profiles={**self.profiles, profile.name: profile})

    def with_active(self, name: str) -> "ProfilesCollection":
        """These profiles with this one active. Raises ProfileInvalid if there is none."""
        return replace(self, active_name=self[name].name)

    def without(self, name: str) -> "ProfilesCollection":
        """These profiles without one. Raises ProfileInvalid if it is active, or not there."""
        if name == self[name].name == self.active_name:
            raise ProfileInvalid(
                f"Profile {name!r} is active. Switch first: `windlass profile use NAME`."
            )
        return replace(
            self, profiles={each: self.profiles[each] for each in self.profiles if each != name}
        )

    def renamed(self, name: str, new: str) -> "ProfilesCollection":
        """These profiles with one renamed, active if it was. Raises ProfileInvalid if it is not
        there, or the new name is taken."""
        profile = replace(self[name], name=new)
        if new in self.profiles:
            raise ProfileInvalid(f"There is a profile {new!r} already.")
        others = {each: self.profiles[each] for each in self.profiles if each != name}
        active = new if self.active_name == name else self.active_name
        return ProfilesCollection({**others, new: profile}, active)


DEFAULT_PROFILE: Final = "ephemeral"

STOCK_PROFILES: Final[tuple[Profile, ...]] = (
    Profile(DEFAULT_PROFILE, {"WINDLASS_SERVER_ALLOW_EPHEMERAL_MODE": "true"}),
    Profile("local", {"WINDLASS_API_URL": "http://127.0.0.1:4200/api"}),
)
"""The profiles of a fresh installation; `windlass profile populate-defaults` writes them down."""


def load_profiles(path: Path, *, include_defaults: bool = True) -> ProfilesCollection:
    """The profiles of a file, and the stock ones that it does not replace.

    Without the file there are the stock ones. Raises ProfileInvalid if it cannot be read.
    """
    stock = {profile.name: profile for profile in STOCK_PROFILES} if include_defaults else {}
    try:
        document = read_toml(path)
    except FileNotFoundError:
        return ProfilesCollection(stock, DEFAULT_PROFILE)
    except SettingInvalid as error:
        raise ProfileInvalid(str(error)) from error
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        raise ProfileInvalid(f"{path}: `profiles` must be a table of tables, [profiles.NAME].")
    found = {
        name: Profile(name, _settings_of(path, name, table))
        for name, table in cast("dict[str, object]", tables).items()
    }
    return ProfilesCollection(stock | found, str(document.get("active", DEFAULT_PROFILE)))


def save_profiles(profiles: ProfilesCollection, path: Path, *, with_stock: bool = False) -> None:
    """Write profiles to a file, at once, readable by its owner only; comments in it are lost.

    Stock profiles that nobody changed are written if they are in the file already, or
    `with_stock` asks for them.
    """
    there = load_profiles(path, include_defaults=False).profiles
    lines = [f"active = {json.dumps(profiles.active_name)}"]
    for name in profiles.names:
        profile = profiles.profiles[name]
        if profile in STOCK_PROFILES and not with_stock and name not in there:
            continue
        lines += ["", f"[profiles.{json.dumps(name)}]"]
        lines += [f"{key} = {json.dumps(text)}" for key, text in sorted(profile.settings.items())]
    write_private(path, "\n".join([*lines, ""]))


def _settings_of(path: Path, name: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise ProfileInvalid(f"{path}: `profiles.{name}` must be a table, [profiles.{name}].")
    return {key: _as_text(value) for key, value in cast("dict[str, object]", table).items()}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
