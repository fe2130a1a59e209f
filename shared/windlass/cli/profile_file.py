"""The profile that a command changes, and the file that it is kept in."""

from collections.abc import Callable
from pathlib import Path

from windlass.exceptions import SettingInvalid
from windlass.settings import (
    Profile,
    ProfilesCollection,
    current_profiles,
    get_current_settings,
    save_profiles,
)


def active_profile() -> Profile:
    """The profile of this command: of `--profile`, of WINDLASS_PROFILE, or the active one."""
    profiles = read_profiles()
    try:
        return profiles[get_current_settings().profile]
    except SettingInvalid:
        return profiles.active_profile  # a value in it is wrong, and is about to be put right


def read_profiles() -> ProfilesCollection:
    """Every profile, the stock ones included."""
    return current_profiles()[0]


def change_profiles(change: Callable[[ProfilesCollection], ProfilesCollection]) -> None:
    """Change the profiles, and save them."""
    profiles, path = current_profiles()
    save_profiles(change(profiles), Path(path))


def put(profile: Profile) -> None:
    """Save a profile."""
    change_profiles(lambda profiles: profiles.with_profile(profile))
