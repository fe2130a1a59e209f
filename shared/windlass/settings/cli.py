"""How the command line looks and asks."""

from windlass.settings.groups import SettingsGroup, setting


class CLISettings(SettingsGroup):
    """How the command line looks and asks."""

    colors: bool = setting(True, "Colours in the output.")
    prompt: bool | None = setting(
        None, "Ask on the terminal; not set: only where a person can answer."
    )
