"""What is logged, how it looks, and what of it goes to the API."""

from pathlib import Path
from typing import Literal, TypeAlias

from windlass.settings.groups import SettingsGroup, group, setting

LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class LoggingToAPISettings(SettingsGroup):
    """Which logs go to the API, and how."""

    enabled: bool = setting(True, "Send the logs of runs to the API.")
    batch_interval: float = setting(2.0, "Seconds between two batches.", at_least=0)
    batch_size: int = setting(4_000_000, "Most bytes of one batch.", at_least=1)
    max_log_size: int = setting(
        1_000_000, "Most bytes of one log; a longer one is cut.", at_least=1
    )
    when_missing_flow: Literal["warn", "error", "ignore"] = setting(
        "warn", "What a run logger used outside a run does."
    )


class LoggingSettings(SettingsGroup):
    """What is logged, and how it looks."""

    level: LogLevel = setting("INFO", "Least level of the logs of flows and of Windlass.")
    config_path: Path = setting(
        Path("$WINDLASS_HOME/logging.yml"),
        "A logging configuration of your own, used where the file exists.",
        aliases=("LOGGING_SETTINGS_PATH",),
    )
    extra_loggers: tuple[str, ...] = setting(
        (), "Further loggers whose logs belong to the run that makes them."
    )
    log_prints: bool = setting(False, "What flows and tasks print is logged.")
    colors: bool = setting(True, "Colours in logs on a terminal.")
    to_api: LoggingToAPISettings = group(LoggingToAPISettings)
