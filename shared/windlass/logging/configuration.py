"""Public: connects the loggers to the console and to the API, as the settings say."""

import logging
import sys
from pathlib import Path
from typing import Any, Final, cast

from windlass.exceptions import ConfigurationError
from windlass.logging.formatters import WindlassFormatter
from windlass.logging.handlers import APILogHandler, WindlassConsoleHandler
from windlass.logging.loggers import FLOW_RUNS, TASK_RUNS
from windlass.settings import Settings, get_current_settings

_ROOT: Final = "windlass"


def setup_logging(settings: Settings | None = None) -> None:
    """Let what Windlass logs go to the console, and what runs log to the API too.

    A file at WINDLASS_LOGGING_CONFIG_PATH, a `dictConfig` in YAML, takes the place of the console.
    Once is enough, and more does no harm: what was configured before is left as it is. Loggers of
    other packages are touched only where WINDLASS_LOGGING_EXTRA_LOGGERS names them. Raises
    ConfigurationError for a file that is none.
    """
    settings = settings or get_current_settings()
    logger = logging.getLogger(_ROOT)
    if not logger.handlers:
        _set_up_console(logger, settings)
    if settings.logging.to_api.enabled:
        for name in (FLOW_RUNS, TASK_RUNS):
            _send_to_api(logging.getLogger(name), settings)
        for name in settings.logging.extra_loggers:
            logging.getLogger(name).setLevel(settings.logging.level)
            _send_to_api(logging.getLogger(name), settings)


def load_logging_config(path: Path) -> dict[str, Any]:
    """The `dictConfig` in a YAML file. Raises ConfigurationError."""
    import yaml  # noqa: PLC0415 (few processes have such a file)

    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"The logging configuration {path} is no YAML: {error}") from error
    if not isinstance(config, dict):
        raise ConfigurationError(f"The logging configuration {path} is no mapping.")
    return {"version": 1, "disable_existing_loggers": False, **cast("dict[str, Any]", config)}


def _set_up_console(logger: logging.Logger, settings: Settings) -> None:
    logger.setLevel(settings.logging.level)
    if settings.logging.config_path.is_file():
        _configure(settings.logging.config_path)
        return
    console = WindlassConsoleHandler()
    colors = settings.logging.colors and sys.stderr.isatty()
    console.setFormatter(WindlassFormatter(colors=colors))
    logger.addHandler(console)
    logger.propagate = False


def _configure(path: Path) -> None:
    from logging.config import dictConfig  # noqa: PLC0415 (few processes have such a file)

    try:
        dictConfig(load_logging_config(path))
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise ConfigurationError(f"The logging configuration {path} is wrong: {error}") from error


def _send_to_api(logger: logging.Logger, settings: Settings) -> None:
    if not any(isinstance(handler, APILogHandler) for handler in logger.handlers):
        handler = APILogHandler(
            max_log_size=settings.logging.to_api.max_log_size,
            when_missing_flow=settings.logging.to_api.when_missing_flow,
        )
        logger.addHandler(handler)
