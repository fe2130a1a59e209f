"""Settings and profiles: the only room that reads the environment.

`WINDLASS_API_URL` and every other setting can be imported from here by its name; it has `value()`.
"""

from typing import TYPE_CHECKING

from windlass.settings.catalogue import Setting, Status, by_name, catalogue, setting_named
from windlass.settings.context import (
    NamedSetting,
    SettingWarning,
    check_value,
    current_profiles,
    get_current_settings,
    handed_over,
    load_current_profile,
    speak_for,
    speak_with,
    temporary_settings,
    update_current_profile,
    use_profile,
)
from windlass.settings.profiles import (
    STOCK_PROFILES,
    Profile,
    ProfilesCollection,
    load_profiles,
    save_profiles,
)
from windlass.settings.resolve import resolve
from windlass.settings.root import Settings
from windlass.settings.secret import Secret
from windlass.settings.view import (
    SettingView,
    documented_values,
    environment_of,
    view,
)

__all__ = [
    "STOCK_PROFILES",
    "NamedSetting",
    "Profile",
    "ProfilesCollection",
    "Secret",
    "Setting",
    "SettingView",
    "SettingWarning",
    "Settings",
    "Status",
    "catalogue",
    "check_value",
    "current_profiles",
    "documented_values",
    "environment_of",
    "get_current_settings",
    "handed_over",
    "load_current_profile",
    "load_profiles",
    "resolve",
    "save_profiles",
    "setting_named",
    "speak_for",
    "speak_with",
    "temporary_settings",
    "update_current_profile",
    "use_profile",
    "view",
]

if not TYPE_CHECKING:  # where it would make every misspelt import look right

    def __getattr__(name: str) -> NamedSetting:
        setting = by_name().get(name)
        if setting is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return NamedSetting(setting)
