"""Where results are kept."""

from pathlib import Path

from windlass.settings.groups import SettingsGroup, setting


class ResultsSettings(SettingsGroup):
    """Where results are kept."""

    local_storage_path: Path = setting(
        Path("$WINDLASS_HOME/storage"),
        "Folder of stored results, and of the parameters of background tasks.",
        aliases=("LOCAL_STORAGE_PATH",),
    )
